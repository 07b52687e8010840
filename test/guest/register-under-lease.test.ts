import { describe, expect, it } from '@jest/globals';
import { createMemoryRegistry } from '../../lambda/aws/memory-registry.ts';
import { startDeadline } from '../../lambda/guest/deadline.ts';
import { GuestError, LeaseTooShortError, StoreUnavailableError } from '../../lambda/guest/errors.ts';
import type { GuestEvent } from '../../lambda/guest/events.ts';
import type { GuestRegistry, RegisterCommand, RegisteredGuest } from '../../lambda/guest/ports.ts';
import { createRegisterUnderLease, LeaseLostError } from '../../lambda/guest/register-under-lease.ts';
import type { Visitor } from '../../lambda/guest/visitor.ts';
import { createTestClock } from '../support/clock.ts';
import { createRecordedTelemetry } from '../support/recorded-telemetry.ts';
import {
  anyHash,
  createVisit,
  explicit,
  guestAt,
  guestTtlSeconds,
  leaseMs,
  refused,
  silent,
} from '../support/registry-contract.ts';

const away = async (): Promise<never> => {
  throw new StoreUnavailableError('the registry is away');
};

/** A lease on one session, and a provider that registers as it is told. */
const start = async (broken: Partial<GuestRegistry> = {}, renewalMs = 0) => {
  const clock = createTestClock();
  const telemetry = createRecordedTelemetry<GuestEvent>();
  const memory = createMemoryRegistry({ clock, leaseMs, guestTtlSeconds });
  const hash = anyHash();
  const visit = createVisit(memory, clock, [hash]);
  const lease = await visit.take();
  const state = {
    commands: [] as RegisterCommand[],
    /** What comes of each attempt. */
    results: [] as (RegisteredGuest | Error)[],
  };
  const underLease = createRegisterUnderLease({
    provider: {
      name: 'webchat-v1',
      guestHasProfile: true,
      register: async (command) => {
        state.commands.push(command);
        const result = state.results.shift() ?? { guestId: 'guest-1' };
        if (result instanceof Error) throw result;
        return result;
      },
      issueToken: async () => {
        throw new Error('never asked for here');
      },
    },
    clock,
    telemetry,
    settings: { guestTtlSeconds },
  });
  const visitor: Visitor = {
    session: { hashes: [hash], binding: 'binding' },
    consent: explicit,
    verified: true,
    profile: { email: 'jane@example.com', anonymous: true },
    profileDigest: 'digest',
    enrichment: 'matched',
  };
  const renew: GuestRegistry['renew'] = async (...args) => {
    const renewed = await memory.renew(...args);
    if (renewalMs > 0) await clock.advance(renewalMs);
    return renewed;
  };
  const registry: GuestRegistry = { ...memory, renew, ...broken };
  const deadline = startDeadline(clock, 8000);
  return { clock, telemetry, hash, visit, lease, state, underLease, visitor, registry, deadline };
};

describe('Registering under a lease', () => {
  it('makes a guest of all that is known of the visitor, for its full lifetime', async () => {
    const { clock, telemetry, hash, lease, state, underLease, visitor, registry, deadline } = await start();
    const registered = await underLease.register(registry, lease, visitor, undefined, deadline);
    expect(registered).toEqual({
      lease,
      guest: {
        guestId: 'guest-1',
        provider: 'webchat-v1',
        profileDigest: 'digest',
        anonymous: true,
        consent: explicit,
        verified: true,
        registeredAtMs: clock.now(),
        expiresAtMs: clock.now() + guestTtlSeconds * 1000,
        sealedToken: undefined,
      },
    });
    const { session, profile } = visitor;
    expect(state.commands).toEqual([
      {
        session,
        profile,
        consent: explicit,
        verified: true,
        previous: undefined,
        // Half a second is left for the guest's way into the registry.
        createUntilMs: lease.untilMs - 500,
        leastMs: Number.POSITIVE_INFINITY,
      },
    ]);
    expect(telemetry.recorded).toEqual([
      { event: 'guest_created', fields: { sessionHash: hash, guestId: 'guest-1' } },
    ]);
  });

  it('keeps the end and the sealed token that the provider names, and counts no guest that it kept', async () => {
    const { clock, telemetry, lease, state, underLease, visitor, registry, deadline } = await start();
    const kept = { guestId: 'kept', sealedToken: 'sealed', expiresAtMs: clock.now() + 1000 };
    state.results.push(kept);
    const previous = guestAt(0, { guestId: 'kept' });
    const { guest } = await underLease.register(registry, lease, visitor, previous, deadline);
    expect(guest).toMatchObject(kept);
    expect(state.commands[0]?.previous).toBe(previous);
    expect(telemetry.recorded).toEqual([]);
  });

  it('renews a lease that has become too short, before anything is created', async () => {
    const { clock, visit, lease, state, underLease, visitor, registry, deadline } = await start();
    await clock.advance(1000);
    state.results.push(new LeaseTooShortError());
    const registered = await underLease.register(registry, lease, visitor, undefined, deadline);
    expect(registered.lease.untilMs).toBe(lease.untilMs + 1000);
    expect(state.commands.map(({ createUntilMs }) => createUntilMs)).toEqual([
      lease.untilMs - 500,
      lease.untilMs + 500,
    ]);
    expect(await visit.complete(registered.lease)).toBe(true);
  });

  it('asks to make do with what a renewed lease leaves where the table is slow', async () => {
    const { clock, lease, state, underLease, visitor, registry, deadline } = await start({}, 700);
    state.results.push(new LeaseTooShortError());
    const registered = await underLease.register(registry, lease, visitor, undefined, deadline);
    expect(registered.lease.untilMs).toBe(lease.untilMs);
    const left = lease.untilMs - 500 - clock.now() - 250;
    expect(state.commands.map(({ leastMs }) => leastMs)).toEqual([Number.POSITIVE_INFINITY, left]);
  });

  it('never with less than half a second', async () => {
    const { lease, state, underLease, visitor, registry, deadline } = await start({}, leaseMs);
    state.results.push(new LeaseTooShortError());
    await underLease.register(registry, lease, visitor, undefined, deadline);
    expect(state.commands[1]?.leastMs).toBe(500);
  });

  it('creates nothing once the lease is somebody else’s', async () => {
    const { clock, visit, lease, state, underLease, visitor, registry, deadline } = await start();
    await clock.advance(leaseMs);
    await visit.take();
    state.results.push(new LeaseTooShortError());
    const registering = underLease.register(registry, lease, visitor, undefined, deadline);
    await expect(registering).rejects.toThrow(LeaseLostError);
    expect(state.commands).toHaveLength(1);
  });

  it('goes on while the registry is away: then nobody else can take the lease over', async () => {
    const { telemetry, lease, state, underLease, visitor, registry, deadline } = await start({ renew: away });
    state.results.push(new LeaseTooShortError());
    const registered = await underLease.register(registry, lease, visitor, undefined, deadline);
    expect(registered.guest.guestId).toBe('guest-1');
    expect(registered.lease).toEqual({ ...lease, untilMs: Number.POSITIVE_INFINITY });
    expect(telemetry.of('registry_unavailable')).toEqual([{ operation: 'renew' }]);
  });

  it('hides no defect of the renewal', async () => {
    const renew = async (): Promise<never> => {
      throw new TypeError('a defect');
    };
    const { lease, state, underLease, visitor, registry, deadline } = await start({ renew });
    state.results.push(new LeaseTooShortError());
    const registering = underLease.register(registry, lease, visitor, undefined, deadline);
    await expect(registering).rejects.toThrow('a defect');
  });

  it('passes on why the provider did not register, which is no orphan', async () => {
    const { telemetry, lease, state, underLease, visitor, registry, deadline } = await start();
    const failure = new GuestError('rejected');
    state.results.push(failure);
    await expect(underLease.register(registry, lease, visitor, undefined, deadline)).rejects.toBe(failure);
    expect(telemetry.recorded).toEqual([]);
  });
});

describe('Remembering a guest', () => {
  it('ends the lease', async () => {
    const { clock, telemetry, visit, lease, underLease, registry, deadline } = await start();
    const guest = guestAt(clock.now());
    expect(await underLease.complete(registry, lease, guest, deadline)).toBe(true);
    expect(await visit.found()).toMatchObject({ guest: { guestId: 'guest-1' }, leasedUntilMs: undefined });
    expect(telemetry.recorded).toEqual([]);
  });

  it('counts a possible orphan where the lease was lost meanwhile', async () => {
    const { clock, telemetry, hash, visit, lease, underLease, registry, deadline } = await start();
    await clock.advance(leaseMs);
    await visit.take();
    expect(await underLease.complete(registry, lease, guestAt(clock.now()), deadline)).toBe(true);
    expect(telemetry.recorded).toEqual([
      { event: 'guest_orphaned', fields: { sessionHash: hash, reason: 'lease_lost' } },
    ]);
  });

  it('says that it failed, and never throws', async () => {
    const { clock, telemetry, lease, underLease, registry, deadline } = await start({ complete: away });
    expect(await underLease.complete(registry, lease, guestAt(clock.now()), deadline)).toBe(false);
    expect(telemetry.recorded).toEqual([
      { event: 'registry_unavailable', fields: { operation: 'complete' } },
    ]);
  });

  it.each([
    ['complete', 500],
    ['release', 200],
    ['refuse', 200],
  ] as const)(
    'has time of its own after the budget, as all that is owed to others (%s)',
    async (work, ms) => {
      const given: number[] = [];
      const { clock, lease, underLease, visitor, registry, deadline } = await start({
        complete: async (_lease, _guest, grace) => given.push(grace.remainingMs()) > 0,
        release: async (_lease, grace) => void given.push(grace.remainingMs()),
        refuse: async (_lease, _evidence, grace) => given.push(grace.remainingMs()) > 0,
      });
      await clock.advance(8000);
      if (work === 'complete') await underLease.complete(registry, lease, guestAt(0), deadline);
      else if (work === 'release') await underLease.release(registry, lease, deadline);
      else await underLease.abandon(registry, lease, { ...visitor, consent: refused }, deadline);
      expect(given).toEqual([ms]);
    },
  );
});

describe('Ending a lease without a guest', () => {
  it('leaves nothing behind, and the session free at once', async () => {
    const { visit, lease, underLease, visitor, registry, deadline } = await start();
    await underLease.abandon(registry, lease, { ...visitor, consent: silent }, deadline);
    expect(await visit.find()).toBeUndefined();
  });

  it('remembers a refusal that was stated', async () => {
    const { visit, lease, underLease, visitor, registry, deadline } = await start();
    await underLease.abandon(registry, lease, { ...visitor, consent: refused }, deadline);
    expect(await visit.found()).toMatchObject({ consent: refused, verified: true, leasedUntilMs: undefined });
  });

  it('takes back the queued state only where asked to', async () => {
    const { visit, lease, underLease, registry, deadline } = await start();
    await visit.queue(lease);
    await underLease.release(registry, await visit.take(), deadline);
    expect((await visit.found()).queued).toBeDefined();
    await underLease.release(registry, await visit.take(), deadline, { dropQueued: true });
    expect(await visit.find()).toBeUndefined();
  });

  it.each([
    ['release', explicit],
    ['refuse', refused],
  ] as const)(
    'is left to time where the registry is away, which an operator reads (%s)',
    async (operation, consent) => {
      const { telemetry, lease, underLease, visitor, registry, deadline } = await start({
        [operation]: away,
      });
      await underLease.abandon(registry, lease, { ...visitor, consent }, deadline);
      expect(telemetry.recorded).toEqual([{ event: 'registry_unavailable', fields: { operation } }]);
    },
  );

  it('counts the guest of a holder that died, and of nobody else', async () => {
    const { telemetry, hash, lease, underLease } = await start();
    underLease.countTakeover(lease);
    expect(telemetry.recorded).toEqual([]);
    underLease.countTakeover({ ...lease, takenOver: true });
    expect(telemetry.recorded).toEqual([
      { event: 'guest_orphaned', fields: { sessionHash: hash, reason: 'lease_expired' } },
    ]);
  });
});
