import { describe, expect, it } from '@jest/globals';
import { GuestError, StoreUnavailableError } from '../../lambda/guest/errors.ts';
import type { InitialiseGuestResult } from '../../lambda/guest/initialise-guest.ts';
import { failedStateMs } from '../../lambda/guest/registration.ts';
import { hashSession } from '../../lambda/guest/session-hash.ts';
import { deadlineIn } from '../support/clock.ts';
import { createGuestWorld, leaseMs, limited } from '../support/guest-world.ts';

const jane = { email: 'jane@example.com', firstName: 'Jane', tier: 'Enterprise', previousTickets: 12 };
const hashOf = (sessionId: string): string => hashSession(sessionId, [])[0];
const guestOf = (result: InitialiseGuestResult): string => {
  if (result.kind !== 'issued') throw new Error(`expected a guest, got ${result.kind}`);
  return result.guestId;
};
const older = { id: 'plain' } as const;
const newer = { id: '2026-11', key: Buffer.alloc(32, 1) } as const;

describe('During a rotation of the hash key', () => {
  it.each([
    ['knows the older key only', [older], 'knows both', [newer, older]],
    ['knows both', [newer, older], 'knows the older key only', [older]],
    ['knows both', [newer, older], 'knows the newer key only', [newer]],
  ] as const)('a container that %s and then one that %s serve one guest', async (_, first, __, then) => {
    const world = createGuestWorld();
    world.keys.push(...first);
    const before = guestOf(await world.container()('s'));
    world.keys.splice(0, world.keys.length, ...then);
    expect(guestOf(await world.container()('s'))).toBe(before);
    expect(world.state.created).toHaveLength(1);
    expect(world.telemetry.of('guest_reused')).toHaveLength(1);
  });

  it('two containers, of which one knows the older key only, register once when asked at once', async () => {
    const world = createGuestWorld();
    world.state.latencyMs = 300;
    world.keys.push(older);
    const old = world.container()('s');
    await world.clock.advance(1);
    world.keys.unshift(newer);
    const both = world.container()('s');
    const guests = await world.finish(Promise.all([old, both]));
    expect(new Set(guests.map(guestOf))).toEqual(new Set(['guest-1']));
    expect(world.state.created).toHaveLength(1);
  });

  it('a registration that is queued under the older hash is not made a second time', async () => {
    const world = createGuestWorld();
    world.state.failures.push(limited(30_000));
    await world.container()('s');
    world.keys.push(newer, older);
    expect(await world.container()('s')).toMatchObject({ kind: 'queued' });
    const message = world.queued();
    await world.drain(message, 1, deadlineIn(world.clock));
    expect(guestOf(await world.container()('s'))).toBe('guest-1');
    expect(world.state.created).toHaveLength(1);
    expect(world.messages).toHaveLength(1);
  });

  it('a refusal under the older hash is heeded under the newer', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    await world.container()('s', { given: false });
    world.keys.push(newer, older);
    expect(await world.container()('s', { stated: false })).toMatchObject({ enrichment: 'no_consent' });
  });
});

describe('While containers know different hash keys', () => {
  it('a guest that fits is used, though the clock that wrote it was behind', async () => {
    const world = createGuestWorld();
    world.keys.push(newer, older);
    await world.container()('s', { type: 'implicit' });
    world.keys.splice(0, 2, older);
    await world.clock.advance(-200);
    const guest = guestOf(await world.container()('s'));
    await world.clock.advance(1000);
    world.keys.unshift(newer);
    expect(guestOf(await world.container()('s'))).toBe(guest);
    expect(guestOf(await world.container()('s'))).toBe(guest);
    expect(world.state.created).toHaveLength(2);
  });

  it('a consent that was stated after a refusal holds, though only the older hash says so', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    world.keys.push(newer, older);
    await world.container()('s', { given: false });
    await world.clock.advance(1000);
    world.keys.splice(0, 2, older);
    const guest = guestOf(await world.container()('s'));
    world.keys.unshift(newer);
    expect(await world.container()('s', { stated: false })).toMatchObject({
      enrichment: 'matched',
      guestId: guest,
    });
  });

  it('a refusal is not outdone by later silence under the newer hash', async () => {
    const world = createGuestWorld();
    world.keys.push(older);
    await world.container()('s', { given: false });
    await world.clock.advance(1000);
    world.keys.splice(0, 1, newer);
    await world.container()('s', { stated: false });
    world.keys.push(older);
    expect(await world.container()('s', { stated: false })).toMatchObject({ enrichment: 'no_consent' });
  });
});

describe('When a created guest could not be remembered', () => {
  it('a reload in the same container neither waits for the dead lease nor creates another guest', async () => {
    const world = createGuestWorld();
    const call = world.container();
    world.broken.completeResponses = 1;
    const first = guestOf(await call('s'));
    const before = world.clock.now();
    expect(guestOf(await call('s'))).toBe(first);
    expect(world.clock.now() - before).toBeLessThan(1000);
    expect(guestOf(await world.container()('s'))).toBe(first);
    expect(world.state.created).toHaveLength(1);
  });

  it('the same where the write never reached the table', async () => {
    const world = createGuestWorld();
    const call = world.container();
    world.state.latencyMs = 100;
    const first = call('s');
    await world.clock.advance(50);
    world.broken.registry = true;
    const guest = guestOf(await world.finish(first));
    world.broken.registry = false;
    const before = world.clock.now();
    expect(guestOf(await world.finish(call('s')))).toBe(guest);
    expect(world.clock.now() - before).toBeLessThan(leaseMs / 2);
    expect(guestOf(await world.container()('s'))).toBe(guest);
    expect(world.state.created).toHaveLength(1);
  });

  it('a worker saves it with the next delivery instead of creating another', async () => {
    const world = createGuestWorld();
    world.state.failures.push(limited(30_000));
    await world.container()('s');
    const message = world.queued();
    world.state.latencyMs = 100;
    const first = world.drain(message, 1, deadlineIn(world.clock, 30_000));
    first.catch(() => undefined);
    await world.clock.advance(50);
    world.broken.registry = true;
    await expect(world.finish(first)).rejects.toBeInstanceOf(StoreUnavailableError);
    world.broken.registry = false;
    expect(await world.finish(world.drain(message, 2, deadlineIn(world.clock, 30_000)))).toEqual({
      kind: 'done',
    });
    expect(guestOf(await world.container()('s'))).toBe('guest-1');
    expect(world.state.created).toHaveLength(1);
  });
});

describe('A guest that stood in while the registry was away', () => {
  const standIn = async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    const rich = guestOf(await world.container()('s'));
    const call = world.container();
    world.broken.registry = true;
    world.broken.crm = true;
    await world.clock.advance(1000);
    expect(guestOf(await world.finish(call('s')))).not.toBe(rich);
    world.broken.registry = false;
    return { world, call, rich };
  };

  it('gives way to the session’s own guest, where that fits', async () => {
    const { world, call, rich } = await standIn();
    world.broken.crm = false;
    expect(guestOf(await world.finish(call('s')))).toBe(rich);
    expect(world.state.created).toHaveLength(2);
  });

  it('is not made again while the registry is away again: the other one is known by then', async () => {
    const { world, call, rich } = await standIn();
    expect(guestOf(await world.finish(call('s')))).toBe(rich);
    world.broken.registry = true;
    await world.clock.advance(1000);
    expect(guestOf(await world.finish(call('s')))).toBe(rich);
    expect(world.state.created).toHaveLength(2);
  });

  it('does not replace its richer profile by a degraded request either', async () => {
    const { world, call, rich } = await standIn();
    expect(guestOf(await world.finish(call('s')))).toBe(rich);
    world.broken.crm = false;
    expect(guestOf(await world.finish(world.container()('s')))).toBe(rich);
  });

  it('hands on the refusal that it was registered under', async () => {
    const { world, call } = await standIn();
    world.broken.registry = true;
    await world.clock.advance(1000);
    await world.finish(call('s', { given: false }));
    world.broken.registry = false;
    world.broken.crm = false;
    expect(await world.finish(call('s', { stated: false }))).toMatchObject({ enrichment: 'no_consent' });
    expect(await world.container()('s', { stated: false })).toMatchObject({ enrichment: 'no_consent' });
  });

  it('hands on that refusal also where another container has registered silence since', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    const call = world.container();
    world.broken.registry = true;
    await world.finish(call('s', { given: false }));
    world.broken.registry = false;
    await world.clock.advance(1000);
    await world.finish(world.container()('s', { stated: false }));
    await world.clock.advance(1000);
    expect(await world.finish(call('s', { stated: false }))).toMatchObject({ enrichment: 'no_consent' });
    expect(await world.container()('s', { stated: false })).toMatchObject({ enrichment: 'no_consent' });
  });

  it('hands it on although a request that is shut out came first', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    await world.container()('s', { verified: true });
    const call = world.container();
    world.broken.registry = true;
    world.broken.crm = true;
    await world.clock.advance(1000);
    await world.finish(call('s', { given: false }));
    world.broken.registry = false;
    world.broken.crm = false;
    await expect(world.finish(call('s', { stated: false }))).rejects.toMatchObject({ code: 'unverified' });
    expect(await world.finish(call('s', { stated: false, verified: true }))).toMatchObject({
      enrichment: 'no_consent',
    });
  });

  it('keeps unverified requests out once it was verified', async () => {
    const world = createGuestWorld();
    await world.container()('s');
    const call = world.container();
    world.broken.registry = true;
    world.broken.crm = true;
    await world.clock.advance(1000);
    await world.finish(call('s', { verified: true }));
    world.broken.registry = false;
    world.broken.crm = false;
    await expect(world.finish(call('s'))).rejects.toMatchObject({ code: 'unverified' });
  });

  it('does not cost a verified visitor the guest that an unverified request could not know of', async () => {
    const world = createGuestWorld();
    const verified = guestOf(await world.container()('s', { verified: true }));
    const call = world.container();
    world.broken.registry = true;
    await world.clock.advance(1000);
    await world.finish(call('s'));
    world.broken.registry = false;
    expect(guestOf(await world.finish(call('s', { verified: true })))).toBe(verified);
    await expect(world.finish(call('s'))).rejects.toMatchObject({ code: 'unverified' });
  });

  it('is used where the session’s own does not fit, though that was registered later', async () => {
    const world = createGuestWorld();
    const call = world.container();
    world.state.latencyMs = 100;
    const first = world.container()('s', { type: 'implicit' });
    await world.clock.advance(50);
    world.broken.registry = true;
    world.state.latencyMs = 0;
    const standIn = guestOf(await call('s'));
    world.broken.registry = false;
    await world.finish(first);
    expect(guestOf(await world.finish(call('s')))).toBe(standIn);
    expect(guestOf(await world.finish(world.container()('s')))).toBe(standIn);
    expect(world.state.created).toHaveLength(2);
  });
});

describe('An erased session', () => {
  it('does not come back by a container that did not hear that its guest was saved', async () => {
    const world = createGuestWorld({ mints: true });
    const call = world.container();
    world.broken.grantResponses = 1;
    const first = guestOf(await world.finish(call('s')));
    world.erase(hashOf('s'));
    expect(guestOf(await world.finish(call('s')))).not.toBe(first);
  });

  it('does not come back by a container that once could not save its guest', async () => {
    const world = createGuestWorld();
    const call = world.container();
    world.broken.completeResponses = 1;
    const first = guestOf(await call('s'));
    expect(guestOf(await call('s'))).toBe(first);
    world.erase(hashOf('s'));
    expect(await world.registry.find([hashOf('s')], deadlineIn(world.clock))).toBeUndefined();
    expect(guestOf(await call('s'))).not.toBe(first);
  });
});

describe('A guest that the provider does not know any more', () => {
  it('is registered again also while the registry is away at that moment', async () => {
    const world = createGuestWorld();
    const call = world.container();
    await call('s');
    world.state.forgotten.add('guest-1');
    world.state.onIssue = () => {
      world.broken.registry = true;
    };
    expect(guestOf(await world.finish(call('s')))).toBe('guest-2');
    expect(world.telemetry.of('registry_unavailable')).toEqual([{ operation: 'find' }]);
  });
});

describe('A guest in the place of one that the provider does not know any more', () => {
  const replaced = async (goesAway: (world: ReturnType<typeof createGuestWorld>) => void) => {
    const world = createGuestWorld();
    const call = world.container();
    await call('s');
    world.state.forgotten.add('guest-1');
    await world.clock.advance(1000);
    goesAway(world);
    expect(guestOf(await world.finish(call('s')))).toBe('guest-2');
    world.broken.registry = false;
    await world.clock.advance(leaseMs);
    return { world, call };
  };

  it.each([
    [
      'while it was read again',
      (world: ReturnType<typeof createGuestWorld>) => {
        world.state.onIssue = () => {
          world.broken.registry = true;
        };
      },
    ],
    [
      'when the new one was to be written',
      (world: ReturnType<typeof createGuestWorld>) => {
        world.broken.completeWrites = 1;
      },
    ],
  ])('is not made a second time, though the registry was away %s', async (_, goesAway) => {
    const { world, call } = await replaced(goesAway);
    world.state.onIssue = () => undefined;
    expect(guestOf(await world.finish(call('s')))).toBe('guest-2');
    expect(guestOf(await world.finish(world.container()('s')))).toBe('guest-2');
    expect(world.state.created).toHaveLength(2);
  });

  it('is remembered as that also when it cannot be written again', async () => {
    const { world, call } = await replaced(({ broken }) => {
      broken.completeWrites = 2;
    });
    expect(guestOf(await world.finish(call('s')))).toBe('guest-2');
    await world.clock.advance(leaseMs);
    expect(guestOf(await world.finish(call('s')))).toBe('guest-2');
    expect(world.state.created).toHaveLength(2);
  });
});

describe('A request that has waited for somebody else almost to the end of its time', () => {
  /** The first request holds the lease for five seconds and registers nothing; the second has so much time. */
  const waited = async (budgetMs: number, statement: { given?: boolean } = {}) => {
    const world = createGuestWorld();
    world.state.waitMs = 5000;
    world.state.failures.push(new GuestError('unavailable'));
    const first = world.container()('s');
    first.catch(() => undefined);
    const second = world.container()('s', statement, deadlineIn(world.clock, budgetMs));
    return { world, second: await Promise.allSettled([world.finish(second)]) };
  };

  it('creates no guest of which it might not hear', async () => {
    const { world, second } = await waited(5700);
    expect(second).toMatchObject([{ status: 'rejected', reason: { code: 'deadline_exceeded' } }]);
    expect(world.state.created).toHaveLength(0);
  });

  it('leaves nothing of its lease, and remembers what it refused', async () => {
    const { world } = await waited(5700, { given: false });
    const deadline = deadlineIn(world.clock);
    expect(await world.registry.find([hashOf('s')], deadline)).toMatchObject({
      consent: { given: false },
      leasedUntilMs: undefined,
    });
    world.crm.set(hashOf('s'), jane);
    expect(await world.container()('s', { stated: false })).toMatchObject({ enrichment: 'no_consent' });
  });

  it('creates none within its container either, when the registry goes away at that moment', async () => {
    const world = createGuestWorld();
    world.state.waitMs = 5000;
    world.state.failures.push(new GuestError('unavailable'));
    const first = world.container()('s');
    first.catch(() => undefined);
    const second = world.container()('s', {}, deadlineIn(world.clock, 5700));
    second.catch(() => undefined);
    await world.clock.advance(4990);
    world.broken.registry = true;
    await expect(world.finish(second)).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(world.state.created).toHaveLength(0);
  });

  it('registers where there is time enough', async () => {
    const { world, second } = await waited(6500);
    expect(second).toMatchObject([{ status: 'fulfilled', value: { guestId: 'guest-1' } }]);
    expect(world.state.created).toHaveLength(1);
  });
});

describe('A stand-in that gave way to a guest which the provider does not know any more', () => {
  it.each([true, false])(
    'is used after all (the registry can be reached at that moment: %j)',
    async (stays) => {
      const world = createGuestWorld();
      await world.container()('s');
      const call = world.container();
      world.broken.registry = true;
      world.broken.crm = true;
      await world.clock.advance(1000);
      const standIn = guestOf(await world.finish(call('s')));
      world.broken.registry = false;
      world.broken.crm = false;
      world.state.forgotten.add('guest-1');
      world.state.onIssue = () => {
        world.broken.registry = !stays;
      };
      expect(guestOf(await world.finish(call('s')))).toBe(standIn);
      world.state.onIssue = () => undefined;
      world.broken.registry = false;
      expect(guestOf(await world.finish(call('s')))).toBe(standIn);
      expect(guestOf(await world.finish(world.container()('s')))).toBe(standIn);
      expect(world.state.created).toHaveLength(2);
    },
  );
});

describe('A guest whose write came too late for somebody else’s', () => {
  it('is given up for the one that others were answered with', async () => {
    const world = createGuestWorld({ mints: true });
    const [slow, quick] = [world.container(), world.container()];
    world.broken.grantMs.push(60, 100);
    const early = quick('s');
    await world.clock.advance(10);
    const late = slow('s');
    await world.clock.advance(60);
    const first = guestOf(await world.finish(early));
    world.broken.grantResponses = 1;
    expect(guestOf(await world.finish(late))).toBe(first);
    expect(guestOf(await world.finish(slow('s')))).toBe(first);
    expect(world.telemetry.of('guest_created')).toHaveLength(1);
    world.broken.registry = true;
    world.broken.crm = true;
    expect(guestOf(await world.finish(slow('s')))).toBe(first);
    expect(world.telemetry.of('guest_created')).toHaveLength(1);
  });
});

describe('A registration that waits longer than its lease', () => {
  it('renews it before the guest is created, so that two requests create one', async () => {
    const world = createGuestWorld();
    world.state.waitMs = 5500;
    const first = world.container()('s', {}, deadlineIn(world.clock, 20_000));
    await world.clock.advance(100);
    const second = world.container()('s', {}, deadlineIn(world.clock, 20_000));
    const guests = await world.finish(Promise.all([first, second]));
    expect(guests.map(guestOf)).toEqual(['guest-1', 'guest-1']);
    expect(world.state.created).toHaveLength(1);
  });
});

describe('A registration whose lease is somebody else’s by then', () => {
  it('creates nothing, and is served with the other’s guest', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    world.state.waitMs = 7000;
    const slow = world.container()('s', {}, deadlineIn(world.clock, 20_000));
    await world.clock.advance(6500);
    world.state.waitMs = 0;
    const fast = world.container()('s', {}, deadlineIn(world.clock, 20_000));
    const results = await world.finish(Promise.all([slow, fast]));
    expect(results.map(guestOf)).toEqual(['guest-1', 'guest-1']);
    expect(results).toMatchObject([{ enrichment: 'matched' }, { enrichment: 'matched' }]);
    expect(world.state.created).toHaveLength(1);
  });
});

describe('A refusal that was stated', () => {
  it('holds for a silent request, which does not read the CRM', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    const call = world.container();
    await call('s', { given: false });
    world.reads.length = 0;
    const silent = await world.container()('s', { stated: false });
    expect(silent).toMatchObject({ enrichment: 'no_consent', guestId: 'guest-1' });
    expect(world.reads).toEqual([{ crm: false }]);
  });

  it('holds until the visitor states otherwise', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    const call = world.container();
    await call('s', { given: false });
    expect(await call('s', { given: true })).toMatchObject({ enrichment: 'matched' });
    expect(await call('s', { stated: false })).toMatchObject({ enrichment: 'matched' });
  });

  it('is remembered also where the provider refuses a guest without consent', async () => {
    const world = createGuestWorld();
    world.state.failures.push(new GuestError('consent_required'));
    const call = world.container();
    await expect(call('s', { given: false })).rejects.toMatchObject({ code: 'consent_required' });
    expect(await world.container()('s', { stated: false })).toMatchObject({ enrichment: 'no_consent' });
  });

  it('is remembered also where no guest could be registered for it, of a session that has one', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    const call = world.container();
    expect(await call('s')).toMatchObject({ enrichment: 'matched' });
    world.state.failures.push(new GuestError('unavailable'));
    await expect(call('s', { given: false })).rejects.toMatchObject({ code: 'unavailable' });
    expect(await world.container()('s', { stated: false })).toMatchObject({ enrichment: 'no_consent' });
  });

  it('is remembered also while the registration counts as given up', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    const call = world.container();
    world.state.failures.push(limited(30_000), new GuestError('rejected'));
    await call('s');
    const message = world.queued();
    await world.drain(message, 1, deadlineIn(world.clock));
    await expect(call('s', { given: false })).rejects.toMatchObject({ code: 'registration_failed' });
    await world.clock.advance(failedStateMs);
    expect(await world.container()('s', { stated: false })).toMatchObject({ enrichment: 'no_consent' });
  });

  it('reaches the worker, or is answered with an error: a 202 never hides that it was lost', async () => {
    const world = createGuestWorld();
    world.state.failures.push(limited(30_000));
    const call = world.container();
    await call('s');
    const refusal = call('s', { given: false });
    await Promise.resolve();
    expect(await refusal).toMatchObject({ kind: 'queued' });
    const entry = await world.registry.find([hashOf('s')], deadlineIn(world.clock));
    expect(entry?.consent).toMatchObject({ given: false, stated: true });
  });

  it('says in the evidence whether consent was stated or silence', async () => {
    const world = createGuestWorld();
    const call = world.container();
    await call('s', { stated: false });
    const evidence = async () =>
      (await world.registry.find([hashOf('s')], deadlineIn(world.clock)))?.consent?.stated;
    expect(await evidence()).toBe(false);
    await call('s');
    expect(await evidence()).toBe(true);
    await call('s', { stated: false });
    expect(await evidence()).toBe(true);
    expect(world.state.created).toHaveLength(1);
  });
});

describe('The evidence of a consent', () => {
  it.each([
    ['was stated since the guest was registered', { stated: true }, { stated: false }],
    ['is stated by the very request', { stated: false }, { stated: true }],
  ])('that %s outlives the move to a new hash key', async (_, before, now) => {
    const world = createGuestWorld();
    world.keys.push(older);
    await world.container()('s', { stated: false });
    await world.container()('s', before);
    world.keys.unshift(newer);
    await world.container()('s', now);
    const entry = await world.registry.find([hashSession('s', [newer])[0]], deadlineIn(world.clock));
    expect(entry?.consent).toMatchObject({ given: true, stated: true });
    expect(world.state.created).toHaveLength(1);
  });
});

describe('A verified session', () => {
  it('gets a guest that no unverified request has held', async () => {
    const world = createGuestWorld();
    const call = world.container();
    const before = guestOf(await call('s'));
    expect(guestOf(await call('s', { verified: true }))).not.toBe(before);
    expect(world.state.created.map(({ verified }) => verified)).toEqual([false, true]);
  });

  it('lets no unverified request in from then on, also while its registration is queued', async () => {
    const world = createGuestWorld();
    const call = world.container();
    world.state.failures.push(limited(30_000));
    await call('s', { verified: true });
    await expect(call('s')).rejects.toMatchObject({ code: 'unverified' });
    const message = world.queued();
    await world.drain(message, 1, deadlineIn(world.clock));
    expect(world.state.created[0]).toMatchObject({ verified: true });
    await expect(world.container()('s')).rejects.toMatchObject({ code: 'unverified' });
    expect(guestOf(await world.container()('s', { verified: true }))).toBe('guest-1');
  });

  it('lets no unverified request in when it was verified while the worker registered its guest', async () => {
    const world = createGuestWorld();
    const call = world.container();
    world.state.failures.push(limited(30_000));
    await call('s');
    const message = world.queued();
    world.state.latencyMs = 300;
    const draining = world.drain(message, 1, deadlineIn(world.clock));
    await world.clock.advance(100);
    expect(await call('s', { verified: true })).toMatchObject({ kind: 'queued' });
    expect(await world.finish(draining)).toEqual({ kind: 'done' });
    await expect(call('s')).rejects.toMatchObject({ code: 'unverified' });
  });

  it('takes over a registration that was queued before it was verified', async () => {
    const world = createGuestWorld();
    const call = world.container();
    world.state.failures.push(limited(30_000));
    await call('s');
    expect(await call('s', { verified: true })).toMatchObject({ kind: 'queued' });
    await expect(call('s')).rejects.toMatchObject({ code: 'unverified' });
    const message = world.queued();
    await world.drain(message, 1, deadlineIn(world.clock));
    expect(world.state.created[0]).toMatchObject({ verified: true });
  });
});

describe('A message of an earlier attempt', () => {
  it('neither serves nor ends a later one', async () => {
    const world = createGuestWorld();
    const call = world.container();
    world.state.failures.push(limited(30_000));
    await call('s');
    const stale = world.queued();
    await world.clock.advance(16 * 60_000);
    world.state.failures.push(limited(30_000));
    await call('s');
    expect(await world.drain(stale, 3, deadlineIn(world.clock))).toEqual({ kind: 'done' });
    expect(await call('s')).toMatchObject({ kind: 'queued' });
    expect(world.telemetry.of('registration_given_up')).toEqual([]);
  });
});

describe('Where sessions can be verified, the queue', () => {
  it('takes unverified ones up to their share, and verified ones beyond it', async () => {
    const world = createGuestWorld({ unverifiedQueueShare: 0.5 });
    world.state.backlogSeconds = 70;
    const call = world.container();
    world.state.failures.push(limited(30_000), limited(30_000));
    await expect(call('made-up')).rejects.toMatchObject({ code: 'unavailable' });
    expect(world.telemetry.of('admission_refused')).toEqual([{ reason: 'queue' }]);
    expect(await call('signed', { verified: true })).toMatchObject({ kind: 'queued' });
  });
});

describe('A silent request that waits for another one', () => {
  it('is served as refused also where the registry goes away after that', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    world.state.waitMs = 1000;
    world.state.failures.push(new GuestError('consent_required'));
    const refusing = world.container()('s', { given: false });
    refusing.catch(() => undefined);
    await world.clock.advance(10);
    const silent = world.container()('s', { stated: false });
    await world.clock.advance(100);
    world.broken.acquire = true;
    expect(await world.finish(silent)).toMatchObject({ enrichment: 'no_consent' });
    expect(world.state.created).toMatchObject([{ consent: { given: false } }]);
  });

  it('is served as refused when that other one has stated a refusal meanwhile', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    world.state.latencyMs = 400;
    const refusing = world.container()('s', { given: false });
    await world.clock.advance(50);
    const silent = world.container()('s', { stated: false });
    const [refused, served] = await world.finish(Promise.all([refusing, silent]));
    expect(served).toMatchObject({ enrichment: 'no_consent', guestId: guestOf(refused) });
    expect(served).not.toMatchObject({ crmAttributes: { firstName: 'Jane' } });
    world.reads.length = 0;
    expect(await world.finish(world.container()('s', { stated: false }))).toMatchObject({
      enrichment: 'no_consent',
    });
    expect(world.reads).toEqual([{ crm: false }]);
  });
});

describe('A guest of this container that did not reach the registry', () => {
  it('is used while a dead lease of another container is in the way', async () => {
    const world = createGuestWorld();
    const call = world.container();
    world.broken.registry = true;
    const guest = guestOf(await call('s'));
    world.broken.registry = false;
    const deadline = deadlineIn(world.clock);
    await world.registry.acquire([hashOf('s')], undefined, 'a dead container', deadline);
    const before = world.clock.now();
    expect(guestOf(await world.finish(call('s')))).toBe(guest);
    expect(world.clock.now() - before).toBeLessThan(leaseMs / 2);
    expect(world.state.created).toHaveLength(1);
  });
});

describe('The worker', () => {
  it('does not wait for a limit beyond its lease, so that nobody counts an orphan', async () => {
    const world = createGuestWorld();
    world.state.failures.push(limited(30_000));
    await world.container()('s');
    const message = world.queued();
    const remaining: number[] = [];
    world.state.onRegister = (left) => remaining.push(left);
    await world.drain(message, 1, deadlineIn(world.clock, 59_000));
    expect(remaining).toHaveLength(1);
    expect(remaining[0]).toBeLessThanOrEqual(leaseMs);
  });
});
