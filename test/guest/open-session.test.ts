import { describe, expect, it } from '@jest/globals';
import { StoreUnavailableError } from '../../lambda/guest/errors.ts';
import { unlessUnreachable } from '../../lambda/guest/open-session.ts';
import type { Registration } from '../../lambda/guest/ports.ts';
import { hashSession } from '../../lambda/guest/session-hash.ts';
import { type UnsavedGuest, withStandIn } from '../../lambda/guest/stand-in.ts';
import type { Visitor } from '../../lambda/guest/visitor.ts';
import { createGuestWorld } from '../support/guest-world.ts';
import { explicit, guestAt } from '../support/registry-contract.ts';

const jane = { email: 'jane@example.com', firstName: 'Jane' };
const sessionHash = hashSession('s', [])[0];
const start = () => {
  const world = createGuestWorld();
  world.crm.set(sessionHash, jane);
  const operations = () => world.telemetry.of('registry_unavailable').map((fields) => fields?.['operation']);
  return { ...world, operations };
};

describe('A request that states consent', () => {
  it('is answered after one round trip to both tables', async () => {
    const { container, reads, finds, acquires } = start();
    expect(await container()('s')).toMatchObject({ enrichment: 'matched' });
    expect([reads, finds(), acquires()]).toEqual([[{ crm: true }], 0, 1]);
    expect(await container()('s')).toMatchObject({ guestId: 'guest-1' });
    expect([reads.length, finds()]).toEqual([2, 0]);
  });

  it('asks the registry once more, and briefly, where only the CRM has failed', async () => {
    const { container, broken, finds, operations, findLimits, clock } = start();
    await container()('s');
    broken.crm = true;
    const before = clock.pendingTimers;
    expect(await container()('s')).toMatchObject({ guestId: 'guest-1', enrichment: 'degraded' });
    expect([finds(), findLimits, operations()]).toEqual([1, [150], []]);
    // That of the request's own deadline, which lasts.
    expect(clock.pendingTimers).toBe(before + 1);
  });

  it('goes on without the registry where that is away, and says at what', async () => {
    const { container, broken, operations, telemetry } = start();
    await container()('s');
    broken.registry = true;
    expect(await container()('s')).toMatchObject({ enrichment: 'matched', guestId: 'guest-2' });
    expect(operations()).toEqual(['grant']);
    expect(telemetry.of('guest_created')).toHaveLength(2);
  });

  it('asks a registry that is away once more, and briefly, where its container knows the session', async () => {
    const { container, broken, operations, telemetry } = start();
    broken.registry = true;
    const call = container();
    await call('s');
    expect(operations()).toEqual(['grant']);
    expect(await call('s')).toMatchObject({ guestId: 'guest-1' });
    expect(operations()).toEqual(['grant', 'find']);
    expect(telemetry.of('guest_created')).toHaveLength(1);
  });

  it('goes on within its container where the registry went away after it was read', async () => {
    const { container, broken, operations, crm } = start();
    const call = container();
    await call('s');
    crm.set(sessionHash, { ...jane, firstName: 'Joan' });
    broken.grantResponses = 1;
    expect(await call('s')).toMatchObject({ guestId: 'guest-2', enrichment: 'matched' });
    expect(operations()).toEqual(['register']);
  });

  it('hears of a registry that went away while it registered its guest', async () => {
    const { container, broken, operations, finish, clock, state } = start();
    state.latencyMs = 100;
    const opening = container()('s');
    await clock.advance(50);
    broken.registry = true;
    expect(await finish(opening)).toMatchObject({ guestId: 'guest-1' });
    expect(operations()).toEqual(['complete']);
  });
});

describe('A request that states nothing', () => {
  it('reads the CRM only once it is known that nothing was refused', async () => {
    const { container, reads } = start();
    expect(await container()('s', { stated: false })).toMatchObject({ enrichment: 'matched' });
    expect(reads).toEqual([{ crm: false }, { crm: true }]);
  });

  it('does not read the CRM where that cannot be known', async () => {
    const { container, broken, reads } = start();
    broken.registry = true;
    expect(await container()('s', { stated: false })).toMatchObject({ enrichment: 'degraded' });
    expect(reads).toEqual([{ crm: false }]);
  });

  it('is served without consent where it does not give it, silent as it is', async () => {
    const { container, reads } = start();
    expect(await container()('s', { stated: false, given: false })).toMatchObject({
      enrichment: 'no_consent',
    });
    expect(reads).toEqual([{ crm: false }]);
  });
});

describe('A guest that did not reach the registry', () => {
  const now = 100_000;
  const ours = guestAt(now, { guestId: 'ours' });
  const registration = (changes: Partial<Registration> = {}): Registration => ({
    versions: new Map([[sessionHash, 'v1']]),
    guestEverywhere: true,
    consent: explicit,
    verified: false,
    ...changes,
  });
  /** Whom guests of this profile and this statement serve. */
  const visitor = (changes: Partial<Visitor> = {}): Visitor => ({
    session: { hashes: [sessionHash], binding: undefined },
    consent: explicit,
    verified: false,
    profile: { email: 'jane@example.com', anonymous: false },
    profileDigest: ours.profileDigest,
    enrichment: 'matched',
    ...changes,
  });
  const other = visitor({ profileDigest: 'another' });
  const stand = (known: Registration | undefined, who = visitor(), unsaved: Partial<UnsavedGuest> = {}) =>
    withStandIn(known, { guest: ours, owner: 'me', ...unsaved }, who, ours.provider);

  it('stands in for none', () => {
    expect(stand(undefined)).toEqual({
      versions: new Map(),
      guest: ours,
      guestEverywhere: false,
      verified: false,
    });
    const empty = registration();
    expect(stand(empty)).toEqual({ ...empty, guest: ours, guestEverywhere: false });
  });

  it('stands in for an older one that serves nobody', () => {
    const older = guestAt(now - 1, { guestId: 'older', profileDigest: 'another' });
    const known = registration({ guest: older });
    expect(stand(known)).toEqual({ ...known, guest: ours, olderGuests: [older], guestEverywhere: false });
  });

  it.each([-60_000, 0, 60_000])('gives way to one that serves, made %i ms later', (laterMs) => {
    expect(stand(registration({ guest: guestAt(now + laterMs, { guestId: 'theirs' }) }))).toBeUndefined();
  });

  it('gives way to itself, once the registry has it', () => {
    expect(stand(registration({ guest: ours }))).toBeUndefined();
    expect(stand(registration({ guest: ours }), other)).toBeUndefined();
  });

  it('is not lost where a newer one was made beside it, which does not serve', () => {
    const theirs = guestAt(now + 9999, { guestId: 'theirs', profileDigest: 'another' });
    expect(stand(registration({ guest: theirs }))).toMatchObject({ guest: theirs, olderGuests: [ours] });
    const later = { ...theirs, registeredAtMs: now + 10_000 };
    expect(stand(registration({ guest: later }))).toBeUndefined();
  });

  it('does not give way to one that the provider has forgotten', () => {
    const forgotten = guestAt(now + 1, { guestId: 'forgotten' });
    const known = registration({ guest: forgotten });
    expect(stand(known, visitor(), { forgotten: ['before', 'forgotten'] })).toEqual({
      ...known,
      guest: ours,
      guestEverywhere: false,
    });
  });

  it('takes no mark of verification away, and brings its own', () => {
    const verified = { ...ours, verified: true };
    const theirs = guestAt(now - 1, { guestId: 'theirs' });
    expect(stand(registration({ verified: true }), visitor({ verified: true }))?.verified).toBe(true);
    expect(stand(registration({ guest: theirs }), visitor(), { guest: verified })?.verified).toBe(true);
    expect(stand(registration())?.verified).toBe(false);
  });

  it('lets nobody in who is shut out', () => {
    expect(stand(registration({ verified: true }))).toBeUndefined();
  });
});

describe('What a registry says', () => {
  const telemetry = { record: () => undefined };

  it('is that it cannot be reached, where that is so, and a defect is one', async () => {
    const away = Promise.reject(new StoreUnavailableError());
    expect(await unlessUnreachable(telemetry, 'find', away)).toBe('unreachable');
    const defect = Promise.reject(new TypeError('a defect'));
    await expect(unlessUnreachable(telemetry, 'find', defect)).rejects.toThrow('a defect');
  });
});
