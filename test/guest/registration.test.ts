import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Consent } from '../../lambda/guest/consent.ts';
import { isRefusal } from '../../lambda/guest/consent.ts';
import type { KnownGuest } from '../../lambda/guest/ports.ts';
import {
  failedStateMs,
  liveEntry,
  queuedStateMs,
  type RegistryEntry,
  registrationOf,
} from '../../lambda/guest/registration.ts';

const nowMs = Date.parse('2026-05-15T10:00:00.000Z');
const hour = 3_600_000;

const consent: fc.Arbitrary<Consent> = fc.record({
  given: fc.boolean(),
  type: fc.constantFrom('explicit' as const, 'implicit' as const),
  stated: fc.boolean(),
});
/** Times around now, so that parts are live and expired, and some are equal. */
const around = (spreadMs: number) =>
  fc.integer({ min: -4, max: 4 }).map((step) => nowMs + (step * spreadMs) / 4);
const guest: fc.Arbitrary<KnownGuest> = fc.record({
  guestId: fc.constantFrom('guest-1', 'guest-2', 'guest-3'),
  provider: fc.constant('webchat-v1'),
  profileDigest: fc.constant('digest'),
  anonymous: fc.boolean(),
  consent,
  verified: fc.boolean(),
  registeredAtMs: around(hour),
  expiresAtMs: around(24 * hour),
});
const maybe = <T>(part: fc.Arbitrary<T>) => fc.option(part, { nil: undefined });
const entry: fc.Arbitrary<RegistryEntry> = fc.record({
  version: fc.uuid(),
  guest: maybe(guest),
  queued: maybe(fc.record({ atMs: around(2 * queuedStateMs) })),
  failed: maybe(fc.record({ atMs: around(2 * failedStateMs) })),
  lease: maybe(fc.record({ owner: fc.uuid(), untilMs: around(10_000) })),
  consent: maybe(consent),
  consentAtMs: around(hour),
  contact: maybe(fc.record({ id: fc.uuid(), digest: fc.uuid() })),
  verified: maybe(fc.boolean()),
});

/** The registration of entries under a newest and an older hash. */
const merged = (newest: RegistryEntry | undefined, older: RegistryEntry | undefined) => {
  const live = [['newest', newest] as const, ['older', older] as const].flatMap(([hash, one]) => {
    const alive = one && liveEntry(one, nowMs);
    return alive === undefined ? [] : [[hash, alive] as const];
  });
  return registrationOf(['newest', 'older'], new Map(live));
};
const both = fc.tuple(maybe(entry), maybe(entry));
const always = (check: (newest: RegistryEntry | undefined, older: RegistryEntry | undefined) => void) =>
  fc.assert(
    fc.property(both, ([newest, older]) => check(newest, older)),
    { numRuns: 500 },
  );

describe('a registration', () => {
  it('is there exactly while a part of an entry is live, or a refusal was stated', () => {
    always((newest, older) => {
      const isLive = [newest, older].some(
        (one) =>
          one !== undefined &&
          ((one.guest?.expiresAtMs ?? 0) > nowMs ||
            (one.queued?.atMs ?? 0) + queuedStateMs > nowMs ||
            (one.failed?.atMs ?? 0) + failedStateMs > nowMs ||
            (one.lease?.untilMs ?? 0) > nowMs ||
            isRefusal(one.consent)),
      );
      expect(merged(newest, older) !== undefined).toBe(isLive);
    });
  });

  it('shows no part that has expired', () => {
    always((newest, older) => {
      const registration = merged(newest, older);
      if (registration === undefined) return;
      const { guest: known, queued, failed, leasedUntilMs } = registration;
      expect(known?.expiresAtMs ?? nowMs + 1).toBeGreaterThan(nowMs);
      expect((queued?.atMs ?? nowMs) + queuedStateMs).toBeGreaterThan(nowMs);
      expect((failed?.atMs ?? nowMs) + failedStateMs).toBeGreaterThan(nowMs);
      expect(leasedUntilMs ?? nowMs + 1).toBeGreaterThan(nowMs);
    });
  });

  it('takes the newest of each part, whichever key it lies under', () => {
    always((newest, older) => {
      const registration = merged(newest, older);
      const lives = [newest, older].flatMap((one) => (one && liveEntry(one, nowMs)) ?? []);
      const newestTime = (times: (number | undefined)[]) => {
        const present = times.filter((time) => time !== undefined);
        return present.length === 0 ? undefined : Math.max(...present);
      };
      expect(registration?.guest?.registeredAtMs).toBe(
        newestTime(lives.map((one) => one.guest?.registeredAtMs)),
      );
      expect(registration?.queued?.atMs).toBe(newestTime(lives.map((one) => one.queued?.atMs)));
      expect(registration?.failed?.atMs).toBe(newestTime(lives.map((one) => one.failed?.atMs)));
      expect(registration?.leasedUntilMs).toBe(newestTime(lives.map((one) => one.leasedUntilMs)));
    });
  });

  it('takes the newest key’s of two guests that were registered at the same time', () => {
    fc.assert(
      fc.property(entry, entry, guest, guest, (newest, older, first, second) => {
        const at = { registeredAtMs: nowMs - 1000, expiresAtMs: nowMs + hour };
        const registration = merged(
          { ...newest, guest: { ...first, ...at } },
          { ...older, guest: { ...second, ...at } },
        );
        expect(registration?.guest).toEqual({ ...first, ...at });
      }),
    );
  });

  it('says that its guest is known everywhere only where each key leads to it', () => {
    always((newest, older) => {
      const registration = merged(newest, older);
      if (registration?.guest === undefined) return;
      const ids = [newest, older].map((one) => one && liveEntry(one, nowMs)?.guest?.guestId);
      expect(registration.guestEverywhere).toBe(ids.every((id) => id === registration.guest?.guestId));
    });
  });

  it('knows what was stated last under either key, and whether the session was ever verified', () => {
    always((newest, older) => {
      const registration = merged(newest, older);
      const lives = [newest, older].flatMap((one) => (one && liveEntry(one, nowMs)) ?? []);
      const stated = lives.filter((one) => one.consent?.stated === true);
      const lastAtMs = Math.max(...stated.map((one) => one.consentAtMs ?? 0));
      const last = stated.filter((one) => one.consentAtMs === lastAtMs);
      const expected =
        last.find((one) => isRefusal(one.consent)) ?? last[0] ?? lives.find((one) => one.consent);
      expect(registration?.consent).toEqual(expected?.consent);
      expect(registration?.verified ?? false).toBe(lives.some((one) => one.verified === true));
    });
  });

  it('shows a contact only of an entry whose guest is the one in use', () => {
    always((newest, older) => {
      const registration = merged(newest, older);
      const ours = [newest, older].flatMap((one) => {
        const alive = one && liveEntry(one, nowMs);
        return alive !== undefined && alive.guest?.guestId === registration?.guest?.guestId
          ? [alive.contact]
          : [];
      });
      expect(registration?.contact).toEqual(ours.find((contact) => contact !== undefined));
    });
  });

  it('names the version of each live entry, so that a lease over it can tell whether it has changed', () => {
    always((newest, older) => {
      const registration = merged(newest, older);
      if (registration === undefined) return;
      expect([...registration.versions]).toEqual([
        ['newest', newest && liveEntry(newest, nowMs)?.version],
        ['older', older && liveEntry(older, nowMs)?.version],
      ]);
    });
  });

  it('says the same of one entry as of the same entry under both keys', () => {
    fc.assert(
      fc.property(entry, (one) => {
        const { versions: _, ...twice } = merged(one, one) ?? {};
        const { versions: __, ...once } = merged(one, undefined) ?? {};
        expect({ ...once, guestEverywhere: true }).toEqual({ ...twice, guestEverywhere: true });
      }),
    );
  });
});
