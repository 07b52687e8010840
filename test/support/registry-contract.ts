import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Consent } from '../../lambda/guest/consent.ts';
import type { GuestRegistry, KnownGuest, Lease, Registration } from '../../lambda/guest/ports.ts';
import { failedStateMs, leaseSkewMs, queuedStateMs } from '../../lambda/guest/registration.ts';
import type { SessionHashes } from '../../lambda/guest/session-hash.ts';
import { createTestClock, deadlineIn, type TestClock } from './clock.ts';

/** What a registry is made with in these tests. */
export interface RegistryUnderTest {
  readonly clock: TestClock;
  readonly leaseMs: number;
  readonly guestTtlSeconds: number;
}

export const leaseMs = 6000;
export const guestTtlSeconds = 86_400;

export const explicit: Consent = { given: true, type: 'explicit', stated: true };
export const silent: Consent = { given: true, type: 'explicit', stated: false };
export const refused: Consent = { given: false, type: 'explicit', stated: true };

let sessions = 0;
/** A session hash that no other test uses. */
export const anyHash = (): string => {
  sessions += 1;
  return sessions.toString(16).padStart(64, '0');
};

let owners = 0;
/** A name that no other caller has. */
export const anyOwner = (): string => {
  owners += 1;
  return `owner-${owners}`;
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
  ...changes,
});

/** One session at one registry, by the names that tests speak. `seen` defaults to what is there now. */
export const createVisit = (registry: GuestRegistry, clock: TestClock, hashes: SessionHashes) => {
  const deadline = () => deadlineIn(clock, 1000 * 3_600_000);
  const find = async () => await registry.find(hashes, deadline());
  const found = async (): Promise<Registration> => {
    const registration = await find();
    if (registration === undefined) throw new Error('There is no live entry.');
    return registration;
  };
  const acquire = async (seen?: Registration, owner = anyOwner()) =>
    await registry.acquire(hashes, seen, owner, deadline());
  /** Takes the lease over whatever is there. */
  const take = async (owner = anyOwner()): Promise<Lease> => {
    const lease = await acquire(await find(), owner);
    if (lease === undefined) throw new Error('The lease is somebody else’s.');
    return lease;
  };
  return {
    hashes,
    deadline,
    find,
    found,
    acquire,
    take,
    create: async (guest = guestAt(clock.now())) => await registry.create(hashes[0], guest, deadline()),
    renew: async (lease: Lease) => await registry.renew(lease, deadline()),
    complete: async (lease: Lease, guest = guestAt(clock.now())) =>
      await registry.complete(lease, guest, deadline()),
    queue: async (lease: Lease, consent = explicit, queuedAtMs = clock.now(), verified = false) =>
      await registry.queue(lease, queuedAtMs, { consent, verified }, deadline()),
    fail: async (lease: Lease) => await registry.fail(lease, deadline()),
    refuse: async (lease: Lease, consent = refused) =>
      await registry.refuse(lease, { consent, verified: false }, deadline()),
    release: async (lease: Lease, options?: { dropQueued?: boolean }) =>
      await registry.release(lease, deadline(), options),
    state: async (consent: Consent, verified = false) =>
      await registry.updateEvidence(hashes, { consent, verified }, deadline()),
    rememberContact: async (guestId: string, id = 'contact-1') =>
      await registry.rememberContact(hashes, guestId, { id, digest: `digest of ${id}` }, deadline()),
    register: async (changes: Partial<KnownGuest> = {}): Promise<Registration> => {
      await registry.complete(await take(), guestAt(clock.now(), changes), deadline());
      return await found();
    },
    enqueue: async (consent = explicit): Promise<Registration> => {
      await registry.queue(await take(), clock.now(), { consent, verified: false }, deadline());
      return await found();
    },
  };
};
export type Visit = ReturnType<typeof createVisit>;

/** What a registration says, apart from the versions of its entries. */
const withoutVersions = ({ versions: _, ...said }: Registration) => said;

/** What every registry promises, whatever it is made of. `create` gets the clock it is to go by. */
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
    beforeEach(async () => {
      clock = createTestClock();
      registry = await create({ clock, leaseMs, guestTtlSeconds });
    });
    const visitOf = (...hashes: [string, ...string[]]): Visit => createVisit(registry, clock, hashes);

    // A session has one hash, or two while a key is rotated: the same promises hold.
    describe.each([1, 2])('for a session of %d hash(es)', (count) => {
      let visit: Visit;
      beforeEach(() => {
        visit = count === 1 ? visitOf(anyHash()) : visitOf(anyHash(), anyHash());
      });

      it('knows nothing of a session that nobody registered', async () => {
        expect(await visit.find()).toBeUndefined();
      });

      it('gives the lease to one of 20 that ask at once', async () => {
        const leases = await Promise.all(Array.from({ length: 20 }, async () => await visit.acquire()));
        const won = leases.filter((lease) => lease !== undefined);
        expect(won).toHaveLength(1);
        expect(won[0]).toMatchObject({ hashes: visit.hashes, takenOver: false });
      });

      it('shows others how long the lease lasts: at most the given time', async () => {
        await visit.take();
        expect((await visit.found()).leasedUntilMs).toBe(clock.now() + leaseMs);
        await clock.advance(leaseMs - 1);
        expect(await visit.acquire()).toBeUndefined();
        await clock.advance(1);
        expect(await visit.find()).toBeUndefined();
      });

      it('ends the lease for its holder a second before it ends for others', async () => {
        expect((await visit.take()).untilMs).toBe(clock.now() + leaseMs - leaseSkewMs);
      });

      it('grants a lease again to the owner whose first grant was lost, and to nobody else', async () => {
        await visit.acquire(undefined, 'me');
        expect(await visit.acquire(undefined, 'you')).toBeUndefined();
        expect(await visit.acquire(await visit.find(), 'you')).toBeUndefined();
        const again = await visit.acquire(undefined, 'me');
        expect(again).toMatchObject({ owner: 'me', takenOver: false });
        expect(await visit.acquire(await visit.find(), 'me')).toMatchObject({
          owner: 'me',
          takenOver: false,
        });
        expect(again && (await visit.complete(again))).toBe(true);
      });

      it('remembers a guest with everything known about it under each hash, and ends the lease', async () => {
        const guest = guestAt(clock.now(), {
          sealedToken: 'sealed',
          anonymous: true,
          consent: { given: true, type: 'implicit', stated: false },
          verified: true,
        });
        expect(await visit.complete(await visit.take(), guest)).toBe(true);
        expect(await visit.found()).toEqual({
          versions: new Map(visit.hashes.map((hash) => [hash, expect.any(String)])),
          guest,
          guestEverywhere: true,
          consent: guest.consent,
          verified: true,
        });
        for (const hash of visit.hashes) expect(await visitOf(hash).found()).toMatchObject({ guest });
      });

      it('forgets a guest at its end, and then a lease is a first one', async () => {
        await visit.register({ expiresAtMs: clock.now() + 5000 });
        await clock.advance(4999);
        expect(await visit.find()).toBeDefined();
        await clock.advance(1);
        expect(await visit.find()).toBeUndefined();
        expect(await visit.acquire()).toMatchObject({ takenOver: false });
      });

      it('remembers no guest for longer than sessions keep theirs', async () => {
        const expiresAtMs = clock.now() + 10 * 86_400_000;
        const longest = clock.now() + guestTtlSeconds * 1000;
        expect((await visit.register({ expiresAtMs })).guest?.expiresAtMs).toBe(longest);
        const other = visitOf(anyHash());
        await other.create(guestAt(clock.now(), { expiresAtMs }));
        expect((await other.found()).guest?.expiresAtMs).toBe(longest);
      });

      it.each<[string, () => Promise<unknown>]>([
        ['a guest', async () => await visit.register()],
        ['a queued registration', async () => await visit.enqueue()],
        ['a failed registration', async () => await visit.fail(await visit.take())],
        ['a refusal', async () => await visit.refuse(await visit.take())],
        ['a lease', async () => await visit.take()],
      ])(
        'gives a session with %s neither to an acquirer nor to a creator who saw nothing',
        async (_, prepare) => {
          await prepare();
          const before = await visit.found();
          expect(await visit.acquire()).toBeUndefined();
          expect(await visit.create(guestAt(clock.now(), { guestId: 'guest-2' }))).toBe(false);
          expect(await visit.found()).toEqual(before);
        },
      );

      it('creates a guest at once where there is no live entry, for one of 20', async () => {
        const created = await Promise.all(
          Array.from({ length: 20 }, async (_, index) => {
            const guest = guestAt(clock.now(), { guestId: `guest-${index}` });
            return (await visit.create(guest)) ? guest : undefined;
          }),
        );
        const won = created.filter((guest) => guest !== undefined);
        expect(won).toHaveLength(1);
        expect(await visit.found()).toMatchObject({ guest: won[0], guestEverywhere: count === 1 });
      });

      it('creates a guest where all that was remembered has expired', async () => {
        await visit.register({ expiresAtMs: clock.now() + 1000 });
        await clock.advance(1000);
        const guest = guestAt(clock.now(), { guestId: 'guest-2', consent: silent, verified: true });
        expect(await visit.create(guest)).toBe(true);
        expect(await visit.found()).toMatchObject({ guest, consent: silent, verified: true });
      });

      it('leases an entry that was seen, and keeps its guest in sight meanwhile', async () => {
        const seen = await visit.register();
        expect(await visit.acquire(seen)).toMatchObject({ takenOver: false });
        expect(await visit.found()).toMatchObject({
          guest: seen.guest,
          leasedUntilMs: clock.now() + leaseMs,
        });
      });

      it('leases an entry that was seen to one of 20 that ask at once', async () => {
        const seen = await visit.register();
        const leases = await Promise.all(Array.from({ length: 20 }, async () => await visit.acquire(seen)));
        expect(leases.filter((lease) => lease !== undefined)).toHaveLength(1);
      });

      it('leases no entry that has changed since it was seen', async () => {
        const seen = await visit.register();
        await visit.register({ guestId: 'guest-2' });
        expect(await visit.acquire(seen)).toBeUndefined();
      });

      it('leases no entry that is being registered, though it was seen as it is', async () => {
        await visit.register();
        await visit.take();
        expect(await visit.acquire(await visit.found())).toBeUndefined();
      });

      it('lets the next one take over from a holder that died, and says so', async () => {
        const dead = await visit.take();
        await clock.advance(leaseMs);
        const next = await visit.take();
        expect(next.takenOver).toBe(true);
        expect(await visit.complete(dead)).toBe(false);
        expect((await visit.found()).guest).toBeUndefined();
        expect(await visit.complete(next)).toBe(true);
      });

      it('says that a holder died also where there is a guest', async () => {
        await visit.register();
        await visit.take();
        await clock.advance(leaseMs);
        expect(await visit.take()).toMatchObject({ takenOver: true });
      });

      it('prolongs a lease for its holder', async () => {
        const lease = await visit.take();
        await clock.advance(leaseMs - 1);
        expect(await visit.renew(lease)).toEqual({ ...lease, untilMs: clock.now() + leaseMs - leaseSkewMs });
        expect((await visit.found()).leasedUntilMs).toBe(clock.now() + leaseMs);
      });

      it('does not prolong a lease that somebody else took over', async () => {
        const dead = await visit.take();
        await clock.advance(leaseMs);
        await visit.take();
        expect(await visit.renew(dead)).toBeUndefined();
      });

      it('remembers since when a registration is queued, by the sender’s time, for 15 minutes', async () => {
        const queuedAtMs = clock.now() - 1000;
        expect(await visit.queue(await visit.take(), silent, queuedAtMs, true)).toBe(true);
        expect(withoutVersions(await visit.found())).toEqual({
          queued: { atMs: queuedAtMs },
          guestEverywhere: true,
          consent: silent,
          verified: true,
        });
        for (const hash of visit.hashes) {
          expect(await visitOf(hash).found()).toMatchObject({ queued: { atMs: queuedAtMs } });
        }
        await clock.advance(queuedStateMs - 1001);
        expect(await visit.find()).toBeDefined();
        await clock.advance(1);
        expect(await visit.find()).toBeUndefined();
        expect(await visit.acquire()).toMatchObject({ takenOver: false });
      });

      it('keeps the guest so far while a registration is queued', async () => {
        const { guest } = await visit.register();
        expect(await visit.enqueue()).toMatchObject({ guest, queued: { atMs: clock.now() } });
      });

      it('has nothing but the guest left when a queued registration is served', async () => {
        await visit.enqueue();
        const guest = guestAt(clock.now());
        await visit.complete(await visit.take(), guest);
        expect(withoutVersions(await visit.found())).toEqual({
          guest,
          guestEverywhere: true,
          consent: explicit,
          verified: false,
        });
      });

      it('keeps what the visitor stated while the registration was queued, not what the guest was made with', async () => {
        await visit.enqueue();
        const lease = await visit.take();
        await visit.state(refused);
        expect(await visit.complete(lease, guestAt(clock.now()))).toBe(true);
        expect(await visit.found()).toMatchObject({ guest: { consent: explicit }, consent: refused });
      });

      it('takes a newer statement beside a guest or a queued registration, under each hash', async () => {
        await visit.enqueue();
        await clock.advance(1000);
        await visit.state(refused, true);
        const queued = { atMs: clock.now() - 1000 };
        for (const hash of visit.hashes) {
          expect(await visitOf(hash).found()).toMatchObject({ queued, consent: refused, verified: true });
        }
        const { guest } = await visit.register();
        await visit.state(explicit);
        expect(await visit.found()).toMatchObject({ guest, consent: explicit });
      });

      it('leases no entry whose visitor has stated something since it was seen', async () => {
        const seen = await visit.enqueue();
        await visit.state(refused);
        expect(await visit.acquire(seen)).toBeUndefined();
      });

      it('writes no statement where there is no entry: what was erased is not brought back', async () => {
        await visit.state(refused, true);
        expect(await visit.find()).toBeUndefined();
        expect(await visit.acquire()).toMatchObject({ takenOver: false });
      });

      it('remembers a refusal without a guest, as a live entry, and ends the lease', async () => {
        expect(await visit.refuse(await visit.take())).toBe(true);
        const said = { guestEverywhere: true, consent: refused, verified: false };
        expect(withoutVersions(await visit.found())).toEqual(said);
        // A lease's own trace ends earlier.
        await clock.advance(guestTtlSeconds * 1000 - 1000);
        expect(withoutVersions(await visit.found())).toEqual(said);
        for (const hash of visit.hashes) expect(await visitOf(hash).found()).toMatchObject(said);
      });

      it('keeps a refusal through a later attempt that comes to nothing', async () => {
        await visit.refuse(await visit.take());
        await visit.release(await visit.take());
        expect(await visit.found()).toMatchObject({ consent: refused });
        await visit.take();
        await clock.advance(leaseMs);
        expect(await visit.found()).toMatchObject({ consent: refused });
      });

      it('keeps beside a refusal what was there', async () => {
        const { guest } = await visit.register();
        await visit.refuse(await visit.take());
        expect(await visit.found()).toMatchObject({ guest, consent: refused });
        expect((await visit.found()).leasedUntilMs).toBeUndefined();
      });

      it('does not count a silent “no” as a refusal that must be remembered', async () => {
        await visit.refuse(await visit.take(), { given: false, type: 'explicit', stated: false });
        expect(await visit.find()).toBeUndefined();
      });

      it('remembers for 15 minutes that a queued registration was given up', async () => {
        await visit.enqueue();
        expect(await visit.fail(await visit.take())).toBe(true);
        expect(withoutVersions(await visit.found())).toMatchObject({ failed: { atMs: clock.now() } });
        expect((await visit.found()).queued).toBeUndefined();
        await clock.advance(failedStateMs);
        expect(await visit.find()).toBeUndefined();
        expect(await visit.acquire()).toMatchObject({ takenOver: false });
      });

      it('does not bring an old failure back when a new attempt is queued', async () => {
        await visit.register();
        await visit.fail(await visit.take());
        await clock.advance(failedStateMs);
        const { guest, queued, failed } = await visit.enqueue();
        expect(guest).toBeDefined();
        expect(queued).toBeDefined();
        expect(failed).toBeUndefined();
      });

      it('is queued and not failed when a new attempt is queued while a failure is remembered', async () => {
        await visit.fail(await visit.take());
        const { queued, failed } = await visit.enqueue();
        expect(queued).toBeDefined();
        expect(failed).toBeUndefined();
      });

      it('leaves nothing behind when a first lease is released', async () => {
        await visit.release(await visit.take());
        expect(await visit.find()).toBeUndefined();
        expect(await visit.acquire()).toMatchObject({ takenOver: false });
      });

      it('leaves an entry as it was when a lease over it is released', async () => {
        const seen = withoutVersions(await visit.enqueue());
        await visit.release(await visit.take());
        expect(withoutVersions(await visit.found())).toEqual(seen);
        expect(await visit.take()).toMatchObject({ takenOver: false });
      });

      it('drops the queued state with the lease where asked to', async () => {
        await visit.enqueue();
        await visit.release(await visit.take(), { dropQueued: true });
        expect(await visit.find()).toBeUndefined();
        const seen = withoutVersions(await visit.register());
        await visit.enqueue();
        await visit.release(await visit.take(), { dropQueued: true });
        expect(withoutVersions(await visit.found())).toEqual(seen);
      });

      it('changes nothing for one whose lease was taken over', async () => {
        const dead = await visit.take();
        await clock.advance(leaseMs);
        await visit.take();
        const before = await visit.found();
        await visit.release(dead);
        expect(await visit.queue(dead)).toBe(false);
        expect(await visit.fail(dead)).toBe(false);
        expect(await visit.refuse(dead)).toBe(false);
        expect(await visit.complete(dead)).toBe(false);
        expect(await visit.found()).toEqual(before);
      });

      it('remembers a contact beside the guest it belongs to, and beside no other', async () => {
        await visit.register();
        expect(await visit.rememberContact('guest-1')).toBe(true);
        const contact = { id: 'contact-1', digest: 'digest of contact-1' };
        expect(await visit.found()).toMatchObject({ guest: { guestId: 'guest-1' }, contact });
        expect(await visit.rememberContact('guest-2', 'contact-2')).toBe(false);
        expect(await visit.found()).toMatchObject({ contact });
        await visit.register({ guestId: 'guest-2' });
        expect((await visit.found()).contact).toBeUndefined();
      });

      it('remembers no contact where there is no guest any more', async () => {
        expect(await visit.rememberContact('guest-1')).toBe(false);
        expect(await visit.find()).toBeUndefined();
      });

      it('leaves a lease alone while a contact is remembered', async () => {
        const seen = await visit.register();
        await visit.rememberContact('guest-1');
        expect(await visit.acquire(seen)).toBeDefined();
      });

      it('gives an entry a new version with every write', async () => {
        const versions: (string | undefined)[] = [];
        const look = async () => versions.push((await visit.found()).versions.get(visit.hashes[0]));
        await visit.enqueue();
        await look();
        await visit.state(refused);
        await look();
        const lease = await visit.take();
        await look();
        await visit.renew(lease);
        await look();
        await visit.release(lease);
        await look();
        expect(versions).toEqual(versions.map(() => expect.any(String)));
        expect(new Set(versions).size).toBe(versions.length);
      });
    });

    describe('while a hash key is rotated', () => {
      let newest: Visit;
      let older: Visit;
      let both: Visit;
      beforeEach(() => {
        newest = visitOf(anyHash());
        older = visitOf(anyHash());
        both = visitOf(newest.hashes[0], older.hashes[0]);
      });

      it('finds what is known under either hash, and says that not every container can', async () => {
        await older.register({ guestId: 'older' });
        expect(await both.found()).toMatchObject({ guest: { guestId: 'older' }, guestEverywhere: false });
        expect(await newest.find()).toBeUndefined();
        await both.complete(await both.take(), guestAt(clock.now(), { guestId: 'older' }));
        expect(await both.found()).toMatchObject({ guestEverywhere: true });
        expect(await newest.found()).toMatchObject({ guest: { guestId: 'older' } });
      });

      it('takes the guest that was registered last, and of equals the newest key’s', async () => {
        await newest.register({ guestId: 'newest' });
        await older.register({ guestId: 'older' });
        expect((await both.found()).guest?.guestId).toBe('newest');
        await clock.advance(1);
        await older.register({ guestId: 'later' });
        expect(await both.found()).toMatchObject({ guest: { guestId: 'later' }, guestEverywhere: false });
      });

      it('acquires the lease under both or under none: a holder under the older key keeps it to itself', async () => {
        const held = await older.take();
        expect(await both.acquire()).toBeUndefined();
        expect(await both.acquire(await both.found())).toBeUndefined();
        expect(await newest.find()).toBeUndefined();
        expect(await older.complete(held)).toBe(true);
      });

      it('gives back what it had acquired where the other hash is somebody else’s', async () => {
        const held = await newest.take();
        expect(await both.acquire()).toBeUndefined();
        expect(await older.find()).toBeUndefined();
        expect(await newest.complete(held)).toBe(true);
      });

      it('gives back an entry as it was where the other hash is somebody else’s', async () => {
        const before = withoutVersions(await older.enqueue());
        const seen = await both.found();
        await newest.take();
        expect(await both.acquire(seen)).toBeUndefined();
        expect(withoutVersions(await older.found())).toEqual(before);
        expect((await older.found()).leasedUntilMs).toBeUndefined();
      });

      it('gives one lease to containers of which some know one key and some know both', async () => {
        const leases = await Promise.all(
          Array.from({ length: 20 }, async (_, index) => await (index % 2 ? both : older).acquire()),
        );
        expect(leases.filter((lease) => lease !== undefined)).toHaveLength(1);
      });

      it('says that a holder died, under whichever hash that was', async () => {
        await older.take();
        await clock.advance(leaseMs);
        expect(await both.take()).toMatchObject({ takenOver: true });
      });

      it('leases the entries it has seen only while neither has changed', async () => {
        await older.register();
        const seen = await both.found();
        await newest.register({ guestId: 'newest' });
        expect(await both.acquire(seen)).toBeUndefined();
        expect((await older.found()).leasedUntilMs).toBeUndefined();
      });

      it('writes under the hash that is still held when the other lease was lost, and says so', async () => {
        const lease = await both.take();
        await clock.advance(leaseMs);
        const next = await newest.take();
        expect(await both.complete(lease)).toBe(false);
        expect(await newest.found()).toMatchObject({ leasedUntilMs: clock.now() + leaseMs });
        expect(await newest.complete(next)).toBe(true);
      });

      it('knows a refusal, a mark, a queued or failed state under either hash', async () => {
        await older.refuse(await older.take());
        expect(await both.found()).toMatchObject({ consent: refused });
        await newest.register({ verified: true });
        expect(await both.found()).toMatchObject({ consent: refused, verified: true });
        await older.queue(await older.take(), refused);
        expect(await both.found()).toMatchObject({ queued: { atMs: clock.now() } });
        await older.fail(await older.take());
        expect(await both.found()).toMatchObject({ failed: { atMs: clock.now() } });
      });

      it('states only where there is an entry', async () => {
        await older.register();
        await both.state(refused);
        expect(await older.found()).toMatchObject({ consent: refused });
        expect(await newest.find()).toBeUndefined();
      });
    });
  });
};
