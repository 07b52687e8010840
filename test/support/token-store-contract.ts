import { beforeEach, describe, expect, it } from '@jest/globals';
import type { SharedTokenStore, TokenPause } from '../../lambda/genesys/shared-token-store.ts';
import { createTestClock, deadlineIn, type TestClock } from './clock.ts';

/** How long a lease for asking the token endpoint lasts. */
export const tokenLeaseMs = 6000;
const hour = 3_600_000;

let keys = 0;
/** A key that no other test uses. */
export const anyTokenKey = (): string => {
  keys += 1;
  return `oauth#test-${keys}`;
};

/** What every store of the shared token promises, whatever it is made of. */
export const describeTokenStore = (name: string, create: (clock: TestClock) => SharedTokenStore): void => {
  describe(`${name}, as a store of the shared token`, () => {
    let clock: TestClock;
    let store: SharedTokenStore;
    let key: string;
    beforeEach(() => {
      clock = createTestClock();
      store = create(clock);
      key = anyTokenKey();
    });

    const deadline = () => deadlineIn(clock, 100 * hour);
    const read = async () => await store.read(key, deadline());
    const tryLease = async (replacing?: string) => await store.lease(key, replacing, deadline());
    const lease = async (replacing?: string): Promise<string> => {
      const leased = await tryLease(replacing);
      if (leased === undefined) throw new Error('There is no lease to be had.');
      return leased.owner;
    };
    const put = async (owner: string, sealed = 'sealed', lastsMs = hour) =>
      await store.store(key, owner, { sealed, expiresAtMs: clock.now() + lastsMs }, deadline());
    const token = async () => {
      const { token: stored } = await read();
      if (stored === undefined) throw new Error('There is no token.');
      return stored;
    };
    const stored = async (sealed = 'sealed', lastsMs = hour) => {
      await put(await lease(), sealed, lastsMs);
      return await token();
    };
    const release = async (owner: string, pause?: TokenPause) =>
      await store.release(key, owner, pause, deadline());
    const pauseOf = (waitMs: number, changes: Partial<TokenPause> = {}): TokenPause => ({
      untilMs: clock.now() + waitMs,
      reason: 'failing',
      failures: 1,
      ...changes,
    });

    it('holds nothing at first', async () => {
      expect(await read()).toEqual({});
    });

    it('gives the lease to one of 20 containers that ask at once, and shows the others how long it lasts', async () => {
      const leases = await Promise.all(Array.from({ length: 20 }, async () => await tryLease()));
      expect(leases.filter((leased) => leased !== undefined)).toEqual([{ owner: expect.any(String) }]);
      expect(await read()).toEqual({ leasedUntilMs: clock.now() + tokenLeaseMs });
    });

    it('keeps the sealed token with its end and ends the lease', async () => {
      expect(await put(await lease())).toBe(true);
      expect(await read()).toEqual({
        token: { sealed: 'sealed', expiresAtMs: clock.now() + hour, version: expect.any(String) },
      });
    });

    it('gives no lease while there is a usable token, and none for another version', async () => {
      await stored();
      expect(await tryLease()).toBeUndefined();
      expect(await tryLease('another')).toBeUndefined();
      expect((await read()).leasedUntilMs).toBeUndefined();
    });

    it('gives the lease for a token with less than a minute left', async () => {
      await stored();
      await clock.advance(hour - 60_001);
      expect(await tryLease()).toBeUndefined();
      await clock.advance(1);
      expect(await tryLease()).toBeDefined();
    });

    it('lets one container replace the token that it names, which stays readable meanwhile', async () => {
      const old = await stored('first');
      const owner = await lease(old.version);
      expect(await tryLease(old.version)).toBeUndefined();
      expect(await read()).toEqual({ token: old, leasedUntilMs: clock.now() + tokenLeaseMs });
      expect(await put(owner, 'second', 2 * hour)).toBe(true);
      expect(await token()).toMatchObject({ sealed: 'second', expiresAtMs: clock.now() + 2 * hour });
      expect((await token()).version).not.toBe(old.version);
      expect(await tryLease(old.version)).toBeUndefined();
    });

    it('gives the lease to the next one when its holder died, and refuses the dead one’s token', async () => {
      const dead = await lease();
      await clock.advance(tokenLeaseMs - 1);
      expect(await tryLease()).toBeUndefined();
      await clock.advance(1);
      await lease();
      expect(await put(dead, 'late')).toBe(false);
      expect((await read()).token).toBeUndefined();
    });

    it('takes the token of a holder whose lease has expired, while nobody else holds it', async () => {
      const slow = await lease();
      await clock.advance(tokenLeaseMs);
      expect(await put(slow, 'slow')).toBe(true);
      expect(await token()).toMatchObject({ sealed: 'slow' });
    });

    it('gives the lease to the next one at once when its holder releases it without a pause', async () => {
      const owner = await lease();
      await release('another');
      expect(await tryLease()).toBeUndefined();
      await release(owner);
      expect(await read()).toEqual({});
      await lease();
    });

    it.each(['failing', 'limited'] as const)(
      'gives nobody the lease while it is paused (%s)',
      async (reason) => {
        const pause = pauseOf(3000, { reason, failures: 4 });
        await release(await lease(), pause);
        expect(await read()).toEqual({ pause });
        expect(await tryLease()).toBeUndefined();
        await clock.advance(2999);
        expect(await tryLease()).toBeUndefined();
        await clock.advance(1);
        await lease();
      },
    );

    it('gives nobody the lease for a replacement while it is paused, and keeps the token', async () => {
      const old = await stored();
      const pause = pauseOf(3000);
      await release(await lease(old.version), pause);
      expect(await read()).toEqual({ token: old, pause });
      expect(await tryLease(old.version)).toBeUndefined();
      await clock.advance(3000);
      await lease(old.version);
    });

    it('still knows the failures when the pause is over, so that the next one may be longer', async () => {
      await release(await lease(), pauseOf(1000, { failures: 3 }));
      await clock.advance(1000);
      const owner = await lease();
      expect((await read()).pause).toMatchObject({ failures: 3 });
      await release(owner, pauseOf(4000, { failures: 4 }));
      expect((await read()).pause).toEqual(pauseOf(4000, { failures: 4 }));
    });

    it('ends the pause and forgets its failures with a token', async () => {
      await release(await lease(), pauseOf(1000, { failures: 3 }));
      await clock.advance(1000);
      await put(await lease());
      expect((await read()).pause).toBeUndefined();
    });

    it('ends the pause and forgets its failures when a holder releases the lease without one', async () => {
      await release(await lease(), pauseOf(1000, { failures: 3 }));
      await clock.advance(1000);
      await release(await lease());
      expect(await read()).toEqual({});
    });

    it('takes no pause from one whose lease was taken over', async () => {
      const dead = await lease();
      await clock.advance(tokenLeaseMs);
      await lease();
      await release(dead, pauseOf(60_000));
      expect(await read()).toEqual({ leasedUntilMs: clock.now() + tokenLeaseMs });
    });

    it('keeps a pause that lasts as long as the day’s limit', async () => {
      await release(await lease(), pauseOf(20 * hour, { reason: 'limited' }));
      await clock.advance(20 * hour - 1);
      expect(await tryLease()).toBeUndefined();
    });

    it('forgets a token that Genesys refused, unless a newer one is there already', async () => {
      const refused = await stored();
      await store.invalidate(key, 'older', deadline());
      expect(await token()).toEqual(refused);
      await store.invalidate(key, refused.version, deadline());
      expect(await read()).toEqual({});
      await lease();
    });

    it('leaves the lease of a replacement alone when its token is refused meanwhile', async () => {
      const old = await stored('refused');
      const owner = await lease(old.version);
      await store.invalidate(key, old.version, deadline());
      expect(await put(owner, 'renewed')).toBe(true);
      expect(await token()).toMatchObject({ sealed: 'renewed' });
    });

    it('gives no token that has expired', async () => {
      await stored();
      await clock.advance(hour);
      expect((await read()).token).toBeUndefined();
    });

    it('keeps the tokens of two clients apart', async () => {
      await stored();
      expect(await store.read(anyTokenKey(), deadline())).toEqual({});
    });
  });
};
