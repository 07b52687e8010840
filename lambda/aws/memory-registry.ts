import { randomUUID } from 'node:crypto';
import { type Consent, isRefusal } from '../guest/consent.ts';
import type { Clock, KnownGuest, Lease } from '../guest/ports.ts';
import { leaseSkewMs, liveEntry, type RegistryEntry, registrationOf } from '../guest/registration.ts';
import type { FallbackRegistry, UnsavedGuest } from '../guest/stand-in.ts';

export interface MemoryRegistryOptions {
  readonly clock: Clock;
  /** Longest a lease lasts. */
  readonly leaseMs: number;
  /** Longest a guest is remembered, whatever its own end says. */
  readonly guestTtlSeconds: number;
  /** The entries written longest ago are dropped above it. */
  readonly maxEntries?: number;
}

interface Entry extends RegistryEntry {
  /** Set while its guest has not reached the table: who holds the lease there, and what the provider has forgotten. */
  readonly unsaved?: Omit<UnsavedGuest, 'guest'> | undefined;
  /** The end of all of it, as the table's TTL is. */
  readonly endsAtMs: number;
}
type Parts = Omit<Entry, 'version' | 'endsAtMs' | 'consentAtMs'>;

/** Said now: an object of its own, by which `write` tells it from the same consent that was kept. */
const saidNow = (consent: Consent): Consent => ({ ...consent });

/**
 * The registry within one container: what is left of it while the table cannot be reached, and the fake for
 * tests. Holds no more than `maxEntries` entries.
 */
export const createMemoryRegistry = ({
  clock,
  leaseMs,
  guestTtlSeconds,
  maxEntries = 10_000,
}: MemoryRegistryOptions): FallbackRegistry => {
  const entries = new Map<string, Entry>();

  const write = (sessionHash: string, parts: Parts): void => {
    const before = entries.get(sessionHash);
    // A map keeps the order of insertion: the first entry is the one written longest ago.
    entries.delete(sessionHash);
    if (isRefusal(parts.consent) || parts.guest || parts.queued || parts.failed || parts.lease) {
      const endsAtMs = parts.guest?.expiresAtMs ?? clock.now() + guestTtlSeconds * 1000;
      const consentAtMs = parts.consent === before?.consent ? before?.consentAtMs : clock.now();
      entries.set(sessionHash, { ...parts, consentAtMs, version: randomUUID(), endsAtMs });
    }
    for (const oldest of entries.keys()) {
      if (entries.size <= maxEntries) break;
      entries.delete(oldest);
    }
  };

  const live = (sessionHash: string) => {
    const entry = entries.get(sessionHash);
    if (entry === undefined || entry.endsAtMs <= clock.now()) return undefined;
    return liveEntry(entry, clock.now());
  };

  /** Writes under each hash that the lease still holds. @returns whether it held them all */
  const updateHeld = ({ hashes, owner }: Lease, change: (parts: Parts) => Parts): boolean => {
    const held = hashes.filter((hash) => entries.get(hash)?.lease?.owner === owner);
    for (const hash of held) write(hash, change({ ...entries.get(hash), lease: undefined }));
    return held.length === hashes.length;
  };

  const capped = (guest: KnownGuest): KnownGuest => ({
    ...guest,
    expiresAtMs: Math.min(guest.expiresAtMs, clock.now() + guestTtlSeconds * 1000),
  });

  return {
    find: async (hashes) => {
      const found = hashes.flatMap((hash) => {
        const entry = live(hash);
        return entry === undefined ? [] : [[hash, entry] as const];
      });
      return registrationOf(hashes, new Map(found));
    },

    acquire: async (hashes, seen, owner) => {
      const isFree = (hash: string): boolean => {
        const entry = entries.get(hash);
        if (entry?.lease?.owner === owner) return true;
        const now = live(hash);
        const version = seen?.versions.get(hash);
        const changed = version === undefined ? now !== undefined : entry?.version !== version;
        return !changed && now?.leasedUntilMs === undefined;
      };
      if (!hashes.every(isFree)) return undefined;
      const untilMs = clock.now() + leaseMs;
      const takenOver = hashes.some((hash) => {
        const lease = entries.get(hash)?.lease;
        return lease !== undefined && lease.owner !== owner;
      });
      for (const hash of hashes) {
        const { leasedUntilMs: _, ...parts } = live(hash) ?? {};
        write(hash, { ...parts, unsaved: entries.get(hash)?.unsaved, lease: { owner, untilMs } });
      }
      return { hashes, owner, untilMs: untilMs - leaseSkewMs, takenOver };
    },

    create: async (hash, guest) => {
      if (live(hash) !== undefined) return false;
      write(hash, { guest: capped(guest), consent: saidNow(guest.consent), verified: guest.verified });
      return true;
    },

    renew: async (lease) => {
      const untilMs = clock.now() + leaseMs;
      const { owner } = lease;
      const held = updateHeld(lease, (parts) => ({ ...parts, lease: { owner, untilMs } }));
      return held ? { ...lease, untilMs: untilMs - leaseSkewMs } : undefined;
    },

    complete: async (lease, guest) =>
      updateHeld(lease, ({ queued, consent, verified, unsaved }) => ({
        guest: capped(guest),
        verified: guest.verified || (queued !== undefined && verified === true),
        consent:
          queued === undefined && (guest.consent.stated || !isRefusal(consent))
            ? saidNow(guest.consent)
            : consent,
        unsaved,
      })),

    queue: async (lease, queuedAtMs, { consent, verified }) =>
      updateHeld(lease, ({ guest }) => ({
        guest,
        queued: { atMs: queuedAtMs },
        consent: saidNow(consent),
        verified,
      })),

    refuse: async (lease, { consent, verified }) =>
      updateHeld(lease, (parts) => ({ ...parts, consent: saidNow(consent), verified })),

    fail: async (lease) =>
      updateHeld(lease, ({ queued: _, ...parts }) => ({ ...parts, failed: { atMs: clock.now() } })),

    release: async (lease, _deadline, { dropQueued = false } = {}) => {
      updateHeld(lease, ({ queued, ...parts }) => ({ ...parts, queued: dropQueued ? undefined : queued }));
    },

    rememberContact: async (hashes, guestId, contact) => {
      const known = hashes.flatMap((hash) => {
        const entry = entries.get(hash);
        return entry?.guest?.guestId === guestId ? [[hash, entry] as const] : [];
      });
      for (const [hash, entry] of known) entries.set(hash, { ...entry, contact });
      return known.length === hashes.length;
    },

    updateEvidence: async (hashes, { consent, verified }) => {
      for (const hash of hashes) {
        const entry = entries.get(hash);
        if (entry === undefined) continue;
        const stated = consent.stated ? saidNow(consent) : entry.consent;
        write(hash, { ...entry, consent: stated, verified: verified || entry.verified });
      }
    },

    unsaved: ({ hashes }): UnsavedGuest | undefined => {
      const { guest, unsaved } = hashes.map((hash) => entries.get(hash)).find((one) => one?.unsaved) ?? {};
      if (guest === undefined || unsaved === undefined || guest.expiresAtMs <= clock.now()) return undefined;
      return { guest, ...unsaved };
    },

    learn: ({ hashes }, guest) => {
      const { verified, consent } = guest;
      for (const hash of hashes) {
        write(hash, { ...entries.get(hash), guest: capped(guest), verified, consent, unsaved: undefined });
      }
    },

    giveUp: ({ hashes }) => {
      for (const hash of hashes) {
        const entry = entries.get(hash);
        if (entry?.unsaved) write(hash, { ...entry, guest: undefined, unsaved: undefined });
      }
    },

    setUnsaved: ({ hashes }, unsaved) => {
      for (const hash of hashes) {
        const entry = entries.get(hash);
        if (unsaved === undefined && entry !== undefined) write(hash, { ...entry, unsaved: undefined });
        if (unsaved !== undefined) {
          const { guest, ...rest } = unsaved;
          const { verified, consent } = guest;
          write(hash, { ...entry, guest: capped(guest), verified, consent, unsaved: rest });
        }
      }
    },
  };
};
