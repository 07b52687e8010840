import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Consent } from '../../lambda/guest/consent.ts';
import type { Claim, GuestRegistry, KnownGuest, Registration } from '../../lambda/guest/ports.ts';
import { failedStateMs, leaseSkewMs, queuedStateMs } from '../../lambda/guest/registration.ts';
import { createTestClock, deadlineIn, type TestClock } from './clock.ts';

/** What a registry is made with in these tests. */
export interface RegistryUnderTest {
  readonly clock: TestClock;
  readonly leaseMs: number;
  readonly guestTtlSeconds: number;
}

export const leaseMs = 6000;
export const guestTtlSeconds = 86_400;

const explicit: Consent = { given: true, type: 'explicit', stated: true };
const withdrawn: Consent = { given: false, type: 'explicit' };

let sessions = 0;
/** A session hash that no other test uses. */
export const anyHash = (): string => {
  sessions += 1;
  return sessions.toString(16).padStart(64, '0');
};

export const guestAt = (nowMs: number, changes: Partial<KnownGuest> = {}): KnownGuest => ({
  guestId: 'guest-1',
  provider: 'webchat-v1',
  profileDigest: 'digest-1',
  anonymous: false,
  consent: explicit,
  verified: false,
  registeredAtMs: nowMs,
  expiresAtMs: nowMs + guestTtlSeconds * 1000,
  sealedToken: undefined,
  ...changes,
});

/** What every registry promises, whatever it is made of. `start` gets the clock it is to go by. */
export const describeRegistry = (
  name: string,
  create: (options: RegistryUnderTest) => Promise<GuestRegistry>,
  { before, after }: { before?: () => Promise<void>; after?: () => Promise<void> } = {},
): void => {
  describe(`${name}, as a registry`, () => {
    if (before !== undefined) beforeAll(before);
    if (after !== undefined) afterAll(after);

    let clock: TestClock;
    let registry: GuestRegistry;
    let hash: string;
    beforeEach(async () => {
      clock = createTestClock();
      registry = await create({ clock, leaseMs, guestTtlSeconds });
      hash = anyHash();
    });

    const deadline = () => deadlineIn(clock);
    const find = async (...hashes: [string, ...string[]]) => await registry.find(hashes, deadline());
    const found = async (): Promise<Registration> => {
      const registration = await find(hash);
      if (registration === undefined) throw new Error('There is no live entry.');
      return registration;
    };
    const claim = async (over?: Registration): Promise<Claim> => {
      const claimed = await registry.claim(hash, over, deadline());
      if (claimed === undefined) throw new Error('The lease is somebody else’s.');
      return claimed;
    };
    const register = async (guest = guestAt(clock.now())): Promise<Registration> => {
      await registry.complete(await claim(), guest, deadline());
      return await found();
    };
    const enqueue = async (consent = explicit): Promise<Registration> => {
      await registry.queue(await claim(), consent, deadline());
      return await found();
    };

    it('knows nothing of a session that nobody registered', async () => {
      expect(await find(hash)).toBeUndefined();
    });

    it('gives the lease to one of 20 that ask at once', async () => {
      const claims = await Promise.all(
        Array.from({ length: 20 }, () => registry.claim(hash, undefined, deadline())),
      );
      const won = claims.filter((claimed) => claimed !== undefined);
      expect(won).toHaveLength(1);
      expect(won[0]).toMatchObject({ sessionHash: hash, takenOver: false });
    });

    it('shows others how long the lease lasts: at most the given time', async () => {
      await claim();
      expect((await found()).leasedUntilMs).toBe(clock.now() + leaseMs);
      await clock.advance(leaseMs - 1);
      expect(await registry.claim(hash, undefined, deadline())).toBeUndefined();
      await clock.advance(1);
      expect(await find(hash)).toBeUndefined();
    });

    it('gives a lease again to a caller who has it without knowing, and to nobody else', async () => {
      const first = await registry.claim(hash, undefined, deadline(), 'me');
      expect(await registry.claim(hash, undefined, deadline(), 'you')).toBeUndefined();
      expect(await registry.claim(hash, await find(hash), deadline(), 'you')).toBeUndefined();
      const again = await registry.claim(hash, undefined, deadline(), 'me');
      expect(again).toMatchObject({ owner: first?.owner, takenOver: false });
      const over = await registry.claim(hash, await find(hash), deadline(), 'me');
      expect(over).toMatchObject({ owner: first?.owner, takenOver: false });
    });

    it('ends the lease for its holder a second before it ends for others', async () => {
      expect((await claim()).untilMs).toBe(clock.now() + leaseMs - leaseSkewMs);
    });

    it('remembers a guest with everything known about it and ends the lease', async () => {
      const guest = guestAt(clock.now(), { sealedToken: 'sealed', anonymous: true, consent: withdrawn });
      const registration = await register(guest);
      expect(registration).toEqual({ sessionHash: hash, version: expect.any(String), guest });
    });

    it('forgets a guest at its end, and then a claim is a first one', async () => {
      await register(guestAt(clock.now(), { expiresAtMs: clock.now() + 5000 }));
      await clock.advance(4999);
      expect(await find(hash)).toBeDefined();
      await clock.advance(1);
      expect(await find(hash)).toBeUndefined();
      expect(await claim()).toMatchObject({ takenOver: false });
    });

    it('remembers no guest for longer than sessions keep theirs', async () => {
      const { guest } = await register(guestAt(clock.now(), { expiresAtMs: clock.now() + 10 * 86_400_000 }));
      expect(guest?.expiresAtMs).toBe(clock.now() + guestTtlSeconds * 1000);
    });

    it.each([
      ['a guest', register],
      ['a queued registration', enqueue],
      ['a failed registration', async () => await registry.fail(await claim(), deadline())],
    ])('refuses a claim over nothing where there is %s', async (_, prepare) => {
      await prepare();
      expect(await registry.claim(hash, undefined, deadline())).toBeUndefined();
    });

    it('lets a claim over a known entry through and keeps its guest in sight meanwhile', async () => {
      const seen = await register();
      await claim(seen);
      expect(await found()).toMatchObject({ guest: seen.guest, leasedUntilMs: clock.now() + leaseMs });
    });

    it('gives the lease over a known entry to one of 20 that ask at once', async () => {
      const seen = await register();
      const claims = await Promise.all(
        Array.from({ length: 20 }, () => registry.claim(hash, seen, deadline())),
      );
      expect(claims.filter((claimed) => claimed !== undefined)).toHaveLength(1);
    });

    it('refuses a claim over an entry that has changed since', async () => {
      const seen = await register();
      await registry.complete(await claim(seen), guestAt(clock.now(), { guestId: 'guest-2' }), deadline());
      expect(await registry.claim(hash, seen, deadline())).toBeUndefined();
    });

    it('refuses a claim over an entry that is being registered, though it was seen as it is', async () => {
      await claim(await register());
      expect(await registry.claim(hash, await found(), deadline())).toBeUndefined();
    });

    it('lets the next one take over from a holder that died, and says so', async () => {
      const dead = await claim();
      await clock.advance(leaseMs);
      const next = await claim();
      expect(next.takenOver).toBe(true);
      expect(await registry.complete(dead, guestAt(clock.now()), deadline())).toBe(false);
      expect(await found()).not.toHaveProperty('guest');
      expect(await registry.complete(next, guestAt(clock.now()), deadline())).toBe(true);
    });

    it('tells of a dead holder also where it had claimed over an entry', async () => {
      await claim(await register());
      await clock.advance(leaseMs);
      expect(await claim(await found())).toMatchObject({ takenOver: true });
    });

    it('prolongs a lease for its holder', async () => {
      const held = await claim();
      await clock.advance(leaseMs - 1);
      const renewed = await registry.renew(held, deadline());
      expect(renewed).toEqual({ ...held, untilMs: clock.now() + leaseMs - leaseSkewMs });
      expect((await found()).leasedUntilMs).toBe(clock.now() + leaseMs);
    });

    it('does not prolong a lease that somebody else took over', async () => {
      const dead = await claim();
      await clock.advance(leaseMs);
      await claim();
      expect(await registry.renew(dead, deadline())).toBeUndefined();
    });

    it('remembers a queued registration with its consent for 15 minutes', async () => {
      expect(await enqueue(withdrawn)).toEqual({
        sessionHash: hash,
        version: expect.any(String),
        queued: { atMs: clock.now(), consent: withdrawn },
      });
      await clock.advance(queuedStateMs - 1);
      expect(await find(hash)).toBeDefined();
      await clock.advance(1);
      expect(await find(hash)).toBeUndefined();
      expect(await claim()).toMatchObject({ takenOver: false });
    });

    it('keeps the guest so far while a registration is queued', async () => {
      const seen = await register();
      await registry.queue(await claim(seen), explicit, deadline());
      expect(await found()).toMatchObject({ guest: seen.guest, queued: { consent: explicit } });
    });

    it('takes a newer consent for a queued registration', async () => {
      const seen = await enqueue(explicit);
      await clock.advance(1000);
      await registry.updateConsent(seen, withdrawn, deadline());
      expect((await found()).queued).toEqual({ atMs: clock.now() - 1000, consent: withdrawn });
      expect(await registry.claim(hash, seen, deadline())).toBeUndefined();
    });

    it('takes no newer consent where nothing is queued any more', async () => {
      const seen = await enqueue();
      await registry.complete(await claim(seen), guestAt(clock.now()), deadline());
      await registry.updateConsent(seen, withdrawn, deadline());
      expect(await found()).not.toHaveProperty('queued');
      const gone = { ...seen, sessionHash: anyHash() };
      await registry.updateConsent(gone, withdrawn, deadline());
      expect(await find(gone.sessionHash)).toBeUndefined();
    });

    it('keeps the lease of a worker while a newer consent arrives', async () => {
      const seen = await enqueue();
      const held = await claim(seen);
      await registry.updateConsent(seen, withdrawn, deadline());
      expect(await registry.complete(held, guestAt(clock.now()), deadline())).toBe(true);
    });

    it('has nothing but the guest left when a queued registration is served', async () => {
      const seen = await enqueue();
      const guest = guestAt(clock.now());
      await registry.complete(await claim(seen), guest, deadline());
      expect(await found()).toEqual({ sessionHash: hash, version: expect.any(String), guest });
    });

    it('remembers for 15 minutes that a queued registration was given up', async () => {
      const seen = await enqueue();
      expect(await registry.fail(await claim(seen), deadline())).toBe(true);
      expect(await found()).toEqual({
        sessionHash: hash,
        version: expect.any(String),
        failed: { atMs: clock.now() },
      });
      await clock.advance(failedStateMs);
      expect(await find(hash)).toBeUndefined();
      expect(await claim()).toMatchObject({ takenOver: false });
    });

    it('does not bring an old failure back when a new attempt is queued', async () => {
      await register();
      await registry.fail(await claim(await found()), deadline());
      await clock.advance(failedStateMs);
      await registry.queue(await claim(await found()), explicit, deadline());
      const registration = await found();
      expect(registration).toMatchObject({ guest: {}, queued: {} });
      expect(registration).not.toHaveProperty('failed');
    });

    it('is queued and not failed when a new attempt is queued while a failure is remembered', async () => {
      await registry.fail(await claim(), deadline());
      await registry.queue(await claim(await found()), explicit, deadline());
      expect(await found()).not.toHaveProperty('failed');
      expect(await found()).toHaveProperty('queued');
    });

    it('leaves nothing behind when a first claim is given back', async () => {
      await registry.release(await claim(), deadline());
      expect(await find(hash)).toBeUndefined();
      expect(await claim()).toMatchObject({ takenOver: false });
    });

    it('leaves an entry as it was when a claim over it is given back', async () => {
      const { version: _, ...seen } = await enqueue();
      await registry.release(await claim(await found()), deadline());
      expect(await found()).toEqual({ ...seen, version: expect.any(String) });
      expect(await claim(await found())).toMatchObject({ takenOver: false });
    });

    it('drops the queued state with the claim where asked to', async () => {
      await enqueue();
      await registry.release(await claim(await found()), deadline(), { dropQueued: true });
      expect(await find(hash)).toBeUndefined();
      const { version: _, ...seen } = await register();
      await registry.queue(await claim(await found()), explicit, deadline());
      await registry.release(await claim(await found()), deadline(), { dropQueued: true });
      expect(await found()).toEqual({ ...seen, version: expect.any(String) });
    });

    it('changes nothing for one whose lease was taken over', async () => {
      const dead = await claim();
      await clock.advance(leaseMs);
      await claim();
      const before = await found();
      await registry.release(dead, deadline());
      expect(await registry.queue(dead, explicit, deadline())).toBe(false);
      expect(await registry.fail(dead, deadline())).toBe(false);
      expect(await found()).toEqual(before);
    });

    it('answers with the entry under the newest hash that has a live one', async () => {
      const older = hash;
      await register();
      const newest = anyHash();
      expect(await find(newest, older)).toMatchObject({ sessionHash: older });
      hash = newest;
      await registry.complete(
        await claim(),
        guestAt(clock.now(), { expiresAtMs: clock.now() + 1000 }),
        deadline(),
      );
      expect(await find(newest, older)).toMatchObject({ sessionHash: newest });
      await clock.advance(1000);
      expect(await find(newest, older)).toMatchObject({ sessionHash: older });
    });

    it('gives an entry a new version with every write', async () => {
      const versions = [(await enqueue()).version];
      await registry.updateConsent(await found(), withdrawn, deadline());
      versions.push((await found()).version);
      const held = await claim(await found());
      versions.push((await found()).version);
      await registry.renew(held, deadline());
      versions.push((await found()).version);
      await registry.release(held, deadline());
      versions.push((await found()).version);
      expect(new Set(versions).size).toBe(versions.length);
    });
  });
};
