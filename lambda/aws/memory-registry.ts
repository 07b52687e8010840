import { randomUUID } from 'node:crypto';
import type { Claim, Clock, GuestRegistry, KnownGuest, Registration } from '../guest/ports.ts';
import { leaseSkewMs, liveRegistration, type RegistryEntry } from '../guest/registration.ts';

export interface MemoryRegistryOptions {
  readonly clock: Clock;
  /** Longest a lease lasts. */
  readonly leaseMs: number;
  /** Longest a guest is remembered, whatever its own end says. */
  readonly guestTtlSeconds: number;
  /** The entries written longest ago are dropped above it. */
  readonly maxEntries?: number;
}

export interface MemoryRegistry extends GuestRegistry {
  /** Keeps a guest that was registered elsewhere, whoever holds the lease. */
  remember(sessionHash: string, guest: KnownGuest): void;
}

type Parts = Omit<RegistryEntry, 'version'>;

/**
 * The registry within one container: what is left of it while the table cannot be reached, and the fake for
 * tests. Holds no more than `maxEntries` sessions.
 */
export const createMemoryRegistry = ({
  clock,
  leaseMs,
  guestTtlSeconds,
  maxEntries = 10_000,
}: MemoryRegistryOptions): MemoryRegistry => {
  const entries = new Map<string, RegistryEntry>();

  const write = (sessionHash: string, parts: Parts): void => {
    // A map keeps the order of insertion: the first entry is the one written longest ago.
    entries.delete(sessionHash);
    if (Object.values(parts).some((part) => part !== undefined)) {
      entries.set(sessionHash, { ...parts, version: randomUUID() });
    }
    for (const oldest of entries.keys()) {
      if (entries.size <= maxEntries) break;
      entries.delete(oldest);
    }
  };

  const live = (sessionHash: string): Registration | undefined => {
    const entry = entries.get(sessionHash);
    return entry === undefined ? undefined : liveRegistration(sessionHash, entry, clock.now());
  };

  /** The entry without its lease, as long as the claim still holds it. */
  const held = ({ sessionHash, owner }: Claim): Parts | undefined => {
    const entry = entries.get(sessionHash);
    if (entry?.lease?.owner !== owner) return undefined;
    const { version: _, lease: __, ...parts } = entry;
    return parts;
  };

  const lease = (sessionHash: string, owner: string, takenOver: boolean, parts: Parts): Claim => {
    const untilMs = clock.now() + leaseMs;
    write(sessionHash, { ...parts, lease: { owner, untilMs } });
    return { sessionHash, owner, untilMs: untilMs - leaseSkewMs, takenOver };
  };

  const capped = (guest: KnownGuest): KnownGuest => ({
    ...guest,
    expiresAtMs: Math.min(guest.expiresAtMs, clock.now() + guestTtlSeconds * 1000),
  });

  return {
    find: async (hashes) => hashes.map(live).find((registration) => registration !== undefined),

    claim: async (sessionHash, over, _deadline, owner = randomUUID()) => {
      const entry = entries.get(sessionHash);
      const now = live(sessionHash);
      const ours = entry?.lease?.owner === owner;
      const changed = over === undefined ? now !== undefined : entry?.version !== over.version;
      if (!ours && (changed || now?.leasedUntilMs !== undefined)) return undefined;
      const { guest, queued, failed } = now ?? {};
      return lease(sessionHash, owner, entry?.lease !== undefined && !ours, { guest, queued, failed });
    },

    renew: async (claim) => {
      const parts = held(claim);
      return parts && lease(claim.sessionHash, claim.owner, claim.takenOver, parts);
    },

    complete: async (claim, guest) => {
      if (held(claim) === undefined) return false;
      write(claim.sessionHash, { guest: capped(guest) });
      return true;
    },

    queue: async (claim, consent) => {
      const parts = held(claim);
      if (parts === undefined) return false;
      write(claim.sessionHash, { guest: parts.guest, queued: { atMs: clock.now(), consent } });
      return true;
    },

    updateConsent: async ({ sessionHash }, consent) => {
      const entry = entries.get(sessionHash);
      if (entry?.queued === undefined) return;
      const { version: _, ...parts } = entry;
      write(sessionHash, { ...parts, queued: { atMs: entry.queued.atMs, consent } });
    },

    fail: async (claim) => {
      const parts = held(claim);
      if (parts === undefined) return false;
      write(claim.sessionHash, { guest: parts.guest, failed: { atMs: clock.now() } });
      return true;
    },

    release: async (claim, _deadline, { dropQueued = false } = {}) => {
      const parts = held(claim);
      if (parts === undefined) return;
      write(claim.sessionHash, dropQueued ? { ...parts, queued: undefined } : parts);
    },

    remember: (sessionHash, guest) => {
      const { version: _, ...parts } = entries.get(sessionHash) ?? { version: '' };
      write(sessionHash, { ...parts, guest: capped(guest) });
    },
  };
};
