import type { Consent } from './consent.ts';
import type { CrmRecord } from './crm-record.ts';
import type { Profile } from './profile.ts';
import type { SessionHashes } from './session-hash.ts';

/** Time, so that tests and the simulation can turn the clock. All in milliseconds; `now` since the epoch. */
export interface Clock {
  now(): number;
  /** Rejects with the signal's reason when that is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** A signal that aborts after `ms`, or with `parent`. `clear` releases the timer. */
  timeout(ms: number, parent?: AbortSignal): { readonly signal: AbortSignal; clear(): void };
}

/** How long a request may still take. Every await of the way gets it. */
export interface Deadline {
  readonly signal: AbortSignal;
  remainingMs(): number;
}

/** What the CRM table says about a session. */
export type CrmLookup =
  | { readonly kind: 'matched'; readonly record: CrmRecord }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'not_read' }
  | { readonly kind: 'degraded' };

/** A guest that is registered at the provider. */
export interface KnownGuest {
  readonly guestId: string;
  readonly provider: string;
  /** Digest of the profile it was registered with. */
  readonly profileDigest: string;
  /** Whether that profile was anonymous: a degraded request never replaces a richer one. */
  readonly anonymous: boolean;
  readonly consent: Consent;
  readonly registeredAtMs: number;
  /** End of its registry entry. */
  readonly expiresAtMs: number;
  /** The provider's own secret of this guest, encrypted (provider `web-messaging`). */
  readonly sealedToken?: string | undefined;
}

/** What the registry remembers of one session. Live parts only: what has run out is left out. */
export interface Registration {
  readonly sessionHash: string;
  /** Changes with every write: a claim over a known entry names the version it has seen. */
  readonly version: string;
  readonly guest?: KnownGuest | undefined;
  /** The newest consent, where a registration waits in the queue. */
  readonly queued?: { readonly atMs: number; readonly consent: Consent } | undefined;
  readonly failed?: { readonly atMs: number } | undefined;
  /** Somebody registers this session's guest until then. */
  readonly leasedUntilMs?: number | undefined;
}

/** The exclusive right to register one session's guest, until it runs out. */
export interface Claim {
  readonly sessionHash: string;
  readonly owner: string;
  readonly untilMs: number;
  /** Its former holder died between claim and result: a guest may be orphaned at Genesys. */
  readonly takenOver: boolean;
}

/** Answer of one round trip to both tables; what could not be read is `unreachable`, never thrown. */
export interface VisitorRead {
  readonly crm: CrmLookup;
  readonly registration: Registration | undefined | 'unreachable';
}

/** CRM record and registry entry of a session, in one round trip. */
export interface VisitorTables {
  read(hashes: SessionHashes, want: { readonly crm: boolean }, deadline: Deadline): Promise<VisitorRead>;
}

/**
 * Which guest belongs to which session, for all containers.
 * Every method throws StoreUnavailableError when the table cannot be reached in time.
 */
export interface GuestRegistry {
  /** The live entry under the newest hash that has one. */
  find(hashes: SessionHashes, deadline: Deadline): Promise<Registration | undefined>;
  /**
   * Takes the lease. Without `over`: only where there is no live entry. With it: only while the entry is still
   * the one that was seen and its lease has run out. `undefined` when somebody else was faster.
   * `owner` names the caller: a lease that it got without knowing, since the answer was lost, is given again.
   */
  claim(
    sessionHash: string,
    over: Registration | undefined,
    deadline: Deadline,
    owner?: string,
  ): Promise<Claim | undefined>;
  /** Prolongs a lease; `undefined` when it was lost. */
  renew(claim: Claim, deadline: Deadline): Promise<Claim | undefined>;
  /** Remembers the guest and the consent, ends the lease. False when the lease was lost. */
  complete(claim: Claim, guest: KnownGuest, deadline: Deadline): Promise<boolean>;
  /** Remembers that the registration is queued, ends the lease. False when the lease was lost. */
  queue(claim: Claim, consent: Consent, deadline: Deadline): Promise<boolean>;
  /** A newer consent for a registration that is queued. */
  updateConsent(registration: Registration, consent: Consent, deadline: Deadline): Promise<void>;
  /** Remembers that the queue gave the registration up, ends the lease. */
  fail(claim: Claim, deadline: Deadline): Promise<boolean>;
  /** Ends the lease and leaves the entry as it was before, or without its `queued` state. */
  release(claim: Claim, deadline: Deadline, options?: { readonly dropQueued?: boolean }): Promise<void>;
}

/** What a provider needs to register a guest. */
export interface RegisterCommand {
  readonly sessionHash: string;
  readonly profile: Profile;
  readonly profileDigest: string;
  readonly consent: Consent;
  /** The session's guest so far, where one is being replaced or enriched. */
  readonly previous?: KnownGuest | undefined;
  /** Called before each attempt that creates a guest: throws when this caller may no longer create it. */
  readonly beforeCreation: () => Promise<void>;
}

export interface RegisteredGuest {
  readonly guestId: string;
  readonly sealedToken?: string | undefined;
  /** When the guest ends, where the provider keeps an earlier guest; default: a full lifetime from now. */
  readonly expiresAtMs?: number | undefined;
  /** The profile did not reach the provider; the chat opens all the same. */
  readonly degraded?: boolean | undefined;
}

export interface GuestToken {
  readonly accessToken: string;
  /** ISO 8601. */
  readonly expiresAt: string;
  readonly messaging?:
    | {
        readonly deploymentId: string;
        readonly websocketUrl: string;
        readonly customAttributes: Readonly<Record<string, string>>;
      }
    | undefined;
}

/** One way of registering guests. */
export interface GuestProvider {
  readonly name: string;
  /**
   * @throws LimitedError when limited for longer than the deadline allows
   * @throws AmbiguousCreationError when a guest may exist that we do not know
   * @throws GuestError `genesys_rejected`, `genesys_unavailable`, `consent_required`, `deadline_exceeded`
   */
  register(command: RegisterCommand, deadline: Deadline): Promise<RegisteredGuest>;
  /**
   * A token for a registered guest, minted for this call.
   * @throws UnknownGuestError when the guest must be registered anew
   */
  issueToken(guest: KnownGuest, deadline: Deadline): Promise<GuestToken>;
}

/** A registration that waits for Genesys to stop limiting. No personal data, no token. */
export interface QueuedRegistration {
  readonly sessionHash: string;
  /** Hashes under older keys, for the CRM look-up. */
  readonly olderHashes: readonly string[];
  readonly provider: string;
  readonly consent: Consent;
  readonly queuedAtMs: number;
}

export interface OverflowQueue {
  send(registration: QueuedRegistration, deadline: Deadline): Promise<void>;
  /** Seconds until a registration that is queued now will probably have been served; at least 1. */
  expectedWaitSeconds(deadline: Deadline): Promise<number>;
}

/** What happened, for operators. Fields never hold personal data, tokens or raw session ids. */
export interface Telemetry<Event extends string = string> {
  record(event: Event, fields?: Readonly<Record<string, string | number | boolean | undefined>>): void;
}
