import type { Consent } from './consent.ts';
import type { CrmRecord } from './crm-record.ts';
import type { Profile } from './profile.ts';
import type { SessionHashes, SessionIdentity } from './session-hash.ts';

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
  /** Whether that profile was anonymous; for those who explain an entry. */
  readonly anonymous: boolean;
  readonly consent: Consent;
  /** Whether every request that was ever served with this guest was verified. */
  readonly verified: boolean;
  readonly registeredAtMs: number;
  /** End of its registry entry. */
  readonly expiresAtMs: number;
  /** The provider's own secret of this guest, encrypted (provider `web-messaging`). */
  readonly sealedToken?: string | undefined;
}

/** What the registry remembers of one session, under all of its hashes. Live parts only. */
export interface Registration {
  /** Of the entry under each hash: it changes whenever the registration does, and a lease names the one it has seen. */
  readonly versions: ReadonlyMap<string, string | undefined>;
  /** The newest. */
  readonly guest?: KnownGuest | undefined;
  /** Others, newest first: containers that know different hash keys may have registered one each. */
  readonly olderGuests?: readonly KnownGuest[] | undefined;
  /** Whether the entry under each hash has the newest: containers that know one key only must find it, too. */
  readonly guestEverywhere: boolean;
  /** A registration waits in the queue since then. */
  readonly queued?: { readonly atMs: number } | undefined;
  readonly failed?: { readonly atMs: number } | undefined;
  /** Somebody registers this session's guest until then. */
  readonly leasedUntilMs?: number | undefined;
  /** The newest consent. */
  readonly consent?: Consent | undefined;
  /** The customer's contact, and the digest of what was written to it. */
  readonly contact?: RememberedContact | undefined;
  /** Whether the session has been verified: then nobody gets in unverified. */
  readonly verified: boolean;
}

export interface RememberedContact {
  readonly id: string;
  readonly digest: string;
}

/** The exclusive right to register one session's guest, until it expires. */
export interface Lease {
  readonly hashes: SessionHashes;
  readonly owner: string;
  readonly untilMs: number;
  /** Its former holder died before it came to a result: a guest may be orphaned at the provider. */
  readonly takenOver: boolean;
}

/** Result of one round trip to both tables; what could not be read is `unreachable`, never thrown. */
export interface VisitorRead {
  readonly crm: CrmLookup;
  readonly registration: Registration | undefined | 'unreachable';
}

export interface VisitorTables {
  /** CRM record (where wanted) and registration of a session, in one round trip. */
  read(hashes: SessionHashes, want: { readonly crm: boolean }, deadline: Deadline): Promise<VisitorRead>;
  /** The CRM record alone. */
  readCrm(hashes: SessionHashes, deadline: Deadline): Promise<CrmLookup>;
}

/** What a visitor stated, as far as it outlives a request. */
export interface VisitorEvidence {
  readonly consent: Consent;
  readonly verified: boolean;
}

/**
 * Which guest belongs to which session, for all containers. Everything is written under each hash of a session.
 * Every method throws StoreUnavailableError when the table cannot be reached in time.
 */
export interface GuestRegistry {
  find(hashes: SessionHashes, deadline: Deadline): Promise<Registration | undefined>;
  /**
   * Takes the lease. Without `seen`: only where there is no live entry. With it: only while the entries are still
   * those that were seen and their leases have expired. `undefined` when somebody else was faster.
   * `owner` identifies the caller: if an earlier grant's response was lost, the same owner is granted the lease again.
   */
  acquire(
    hashes: SessionHashes,
    seen: Registration | undefined,
    owner: string,
    deadline: Deadline,
  ): Promise<Lease | undefined>;
  /** Remembers a guest under one hash, where there is no live entry. False where there is one. */
  create(sessionHash: string, guest: KnownGuest, deadline: Deadline): Promise<boolean>;
  /** Prolongs a lease; `undefined` when it was lost. */
  renew(lease: Lease, deadline: Deadline): Promise<Lease | undefined>;
  /** Remembers the guest and its consent, ends the lease. False when the lease was lost. */
  complete(lease: Lease, guest: KnownGuest, deadline: Deadline): Promise<boolean>;
  /** Remembers since when the registration is queued, ends the lease. False when the lease was lost. */
  queue(lease: Lease, queuedAtMs: number, evidence: VisitorEvidence, deadline: Deadline): Promise<boolean>;
  /** Remembers that the queue gave the registration up, ends the lease. */
  fail(lease: Lease, deadline: Deadline): Promise<boolean>;
  /** Remembers what the visitor stated, and only that, ends the lease. */
  refuse(lease: Lease, evidence: VisitorEvidence, deadline: Deadline): Promise<boolean>;
  /** Ends the lease and leaves the entries as they were before, or without their `queued` state. */
  release(lease: Lease, deadline: Deadline, options?: { readonly dropQueued?: boolean }): Promise<void>;
  /** Remembers the contact beside the guest; false where that guest is not remembered any more. */
  rememberContact(
    hashes: SessionHashes,
    guestId: string,
    contact: RememberedContact,
    deadline: Deadline,
  ): Promise<boolean>;
  /**
   * A newer statement of a visitor whose guest, or queued registration, stays as it is. It may land late: silence
   * takes back nothing that was stated, and no unverified request the mark of a verified session.
   */
  updateEvidence(hashes: SessionHashes, evidence: VisitorEvidence, deadline: Deadline): Promise<void>;
}

/** What a provider needs to register a guest. */
export interface RegisterCommand {
  readonly session: SessionIdentity;
  readonly profile: Profile;
  readonly consent: Consent;
  readonly verified: boolean;
  /** The session's guest so far, where one is being replaced. */
  readonly previous?: KnownGuest | undefined;
  /** The lease ends then, in epoch milliseconds: no creation may be under way any more. */
  readonly createUntilMs: number;
  /** With so many milliseconds before, an attempt has to make do: where tables are slow a renewed lease leaves no more. */
  readonly leastMs: number;
}

export interface RegisteredGuest {
  readonly guestId: string;
  readonly sealedToken?: string | undefined;
  /** When the guest ends, where the provider keeps an earlier guest; default: a full lifetime from now. */
  readonly expiresAtMs?: number | undefined;
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
  /** Whether a guest is registered with the profile: then a changed profile registers again. */
  readonly guestHasProfile: boolean;
  /**
   * A guest that needs no call to the provider; absent where registering needs one. It may be remembered
   * at once, without a lease.
   */
  mint?(session: SessionIdentity, evidence: VisitorEvidence, deadline: Deadline): Promise<KnownGuest>;
  /**
   * @throws LeaseTooShortError when nothing was created before `createUntilMs`
   * @throws LimitedError when limited for longer than the deadline allows
   * @throws AmbiguousCreationError when a guest may exist that we do not know
   * @throws GuestError `rejected`, `unavailable`, `consent_required`, `deadline_exceeded`
   */
  register(command: RegisterCommand, deadline: Deadline): Promise<RegisteredGuest>;
  /**
   * A token for a registered guest, minted for this call.
   * @throws UnknownGuestError when the guest must be registered again
   */
  issueToken(guest: KnownGuest, session: SessionIdentity, deadline: Deadline): Promise<GuestToken>;
}

/** Whom a guest reference names. */
export interface GuestReference {
  readonly hashes: SessionHashes;
  readonly guestId: string;
}

/** Opens the references that pages were given; undefined where a text is not one of them. */
export interface GuestReferences {
  open(reference: string, deadline: Deadline): Promise<GuestReference | undefined>;
}

/** Which conversation a reference belongs to: the first that presents it. */
export interface ReferenceBindings {
  /** False where it belongs to another one. @throws StoreUnavailableError */
  bind(reference: string, conversationId: string, untilMs: number, deadline: Deadline): Promise<boolean>;
}

/** Customers' contacts at the provider. Nothing here throws: a contact that cannot be had is `undefined`. */
export interface Contacts {
  /** Changes with what would be written to the contact. */
  digest(profile: Profile): string;
  /** Creates or updates the customer's contact. */
  upsert(profile: Profile, deadline: Deadline): Promise<string | undefined>;
  remove(contactId: string, deadline: Deadline): Promise<void>;
}

/** A registration that waits for the provider to stop limiting. No personal data, no token. */
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

/** `code` is the event's own on every log line: no field may take its place. */
type EventFields = Readonly<Record<string, string | number | boolean | undefined>> & {
  readonly code?: never;
};

/** What happened, for operators. Fields never hold personal data, tokens or raw session ids. */
export interface Telemetry<Event extends string = string> {
  record(event: Event, fields?: EventFields): void;
}
