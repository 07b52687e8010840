import { type Consent, isRefusal } from './consent.ts';
import type { KnownGuest, Registration, RememberedContact } from './ports.ts';
import type { SessionHashes } from './session-hash.ts';

/** How long a registry remembers that a registration is queued or was given up; then a request starts a new attempt. */
export const queuedStateMs = 15 * 60_000;
export const failedStateMs = 15 * 60_000;

/**
 * How much earlier its holder counts a lease as expired than everybody else does:
 * the clocks of two containers may differ by as much.
 */
export const leaseSkewMs = 1000;

/** What a registry keeps under one hash, with parts that may have expired. */
export interface RegistryEntry {
  readonly version: string;
  readonly guest?: KnownGuest | undefined;
  readonly queued?: { readonly atMs: number } | undefined;
  readonly failed?: { readonly atMs: number } | undefined;
  readonly lease?: { readonly owner: string; readonly untilMs: number } | undefined;
  /** The newest consent: evidence. */
  readonly consent?: Consent | undefined;
  readonly consentAtMs?: number | undefined;
  readonly contact?: RememberedContact | undefined;
  /** Whether the session has been verified. */
  readonly verified?: boolean | undefined;
}

type LiveEntry = Omit<RegistryEntry, 'lease'> & {
  readonly leasedUntilMs?: number | undefined;
};

/** What is live of an entry at a time; `undefined` when all of it has expired. */
export const liveEntry = (
  { version, guest, queued, failed, lease, consent, consentAtMs, contact, verified }: RegistryEntry,
  nowMs: number,
): LiveEntry | undefined => {
  const live = {
    guest: guest !== undefined && guest.expiresAtMs > nowMs ? guest : undefined,
    queued: queued !== undefined && queued.atMs + queuedStateMs > nowMs ? queued : undefined,
    failed: failed !== undefined && failed.atMs + failedStateMs > nowMs ? failed : undefined,
    leasedUntilMs: lease !== undefined && lease.untilMs > nowMs ? lease.untilMs : undefined,
  };
  const isLive = isRefusal(consent) || Object.values(live).some((part) => part !== undefined);
  return isLive ? { version, consent, consentAtMs, contact, verified, ...live } : undefined;
};

const latest = <T>(parts: readonly (T | undefined)[], time: (part: T) => number): T | undefined =>
  parts.reduce((best, part) => {
    if (part === undefined) return best;
    return best === undefined || time(part) > time(best) ? part : best;
  }, undefined);

/** What was stated last, since silence takes back nothing; of equals a refusal. */
const lastStated = (live: readonly LiveEntry[]): LiveEntry | undefined => {
  const stated = live.filter((entry) => entry.consent?.stated === true);
  const refusals = stated.filter((entry) => isRefusal(entry.consent));
  return latest([...refusals, ...stated], (entry) => entry.consentAtMs ?? 0);
};

/** The guests of a session, newest first. */
export const guestsOf = (registration: Registration | undefined): readonly KnownGuest[] =>
  registration?.guest === undefined ? [] : [registration.guest, ...(registration.olderGuests ?? [])];

/** Newest first, each guest once; of equals the first. */
export const newestFirst = (guests: readonly KnownGuest[]): readonly KnownGuest[] =>
  guests
    .toSorted((one, other) => other.registeredAtMs - one.registeredAtMs)
    .filter(({ guestId }, index, all) => all.findIndex((one) => one.guestId === guestId) === index);

/**
 * One session's registration, from the live entries under its hashes (newest key first). Containers that know
 * one key only write under one of them, so the newest part wins, and of equals the newest key's.
 */
export const registrationOf = (
  hashes: SessionHashes,
  entries: ReadonlyMap<string, LiveEntry>,
): Registration | undefined => {
  const live = hashes.flatMap((hash) => entries.get(hash) ?? []);
  if (live.length === 0) return undefined;
  const [guest, ...olderGuests] = newestFirst(live.flatMap((entry) => entry.guest ?? []));
  const queued = latest(
    live.map((entry) => entry.queued),
    (part) => part.atMs,
  );
  return {
    versions: new Map(hashes.map((hash) => [hash, entries.get(hash)?.version])),
    guest,
    ...(olderGuests.length > 0 ? { olderGuests } : {}),
    guestEverywhere: hashes.every((hash) => entries.get(hash)?.guest?.guestId === guest?.guestId),
    queued,
    failed: latest(
      live.map((entry) => entry.failed),
      (part) => part.atMs,
    ),
    leasedUntilMs: latest(
      live.map((entry) => entry.leasedUntilMs),
      (untilMs) => untilMs,
    ),
    contact: live.find((entry) => entry.contact !== undefined && entry.guest?.guestId === guest?.guestId)
      ?.contact,
    consent: lastStated(live)?.consent ?? live.find((entry) => entry.consent)?.consent,
    verified: live.some((entry) => entry.verified === true),
  };
};
