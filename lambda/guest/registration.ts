import type { Consent } from './consent.ts';
import type { KnownGuest, Registration } from './ports.ts';

/** How long a registry remembers that a registration is queued or was given up; then a request starts anew. */
export const queuedStateMs = 15 * 60_000;
export const failedStateMs = 15 * 60_000;

/**
 * How much earlier its holder counts a lease as run out than everybody else does:
 * the clocks of two containers may differ by as much.
 */
export const leaseSkewMs = 1000;

/** An entry as a registry keeps it, with parts that may have run out. */
export interface RegistryEntry {
  readonly version: string;
  readonly guest?: KnownGuest | undefined;
  readonly queued?: { readonly atMs: number; readonly consent: Consent } | undefined;
  readonly failed?: { readonly atMs: number } | undefined;
  readonly lease?: { readonly owner: string; readonly untilMs: number } | undefined;
}

/** What is live of an entry at a time; `undefined` when all of it has run out. */
export const liveRegistration = (
  sessionHash: string,
  { version, guest, queued, failed, lease }: RegistryEntry,
  nowMs: number,
): Registration | undefined => {
  const live = {
    ...(guest !== undefined && guest.expiresAtMs > nowMs ? { guest } : {}),
    ...(queued !== undefined && queued.atMs + queuedStateMs > nowMs ? { queued } : {}),
    ...(failed !== undefined && failed.atMs + failedStateMs > nowMs ? { failed } : {}),
    ...(lease !== undefined && lease.untilMs > nowMs ? { leasedUntilMs: lease.untilMs } : {}),
  };
  return Object.keys(live).length === 0 ? undefined : { sessionHash, version, ...live };
};
