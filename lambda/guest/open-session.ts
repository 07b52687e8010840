import { randomUUID } from 'node:crypto';
import { consentInForce, isRefusal } from './consent.ts';
import { startDeadline } from './deadline.ts';
import { StoreUnavailableError } from './errors.ts';
import type { GuestEvent } from './events.ts';
import type {
  Clock,
  CrmLookup,
  Deadline,
  GuestProvider,
  GuestRegistry,
  KnownGuest,
  Lease,
  Registration,
  Telemetry,
  VisitorEvidence,
  VisitorTables,
} from './ports.ts';
import { guestsOf, newestFirst } from './registration.ts';
import type { SessionHashes, SessionIdentity } from './session-hash.ts';
import { type ProfileSettings, serves, type Visitor, visitorOf } from './visitor.ts';

/** A guest that this container registered and could not write to the registry. */
export interface UnsavedGuest {
  readonly guest: KnownGuest;
  /** Who holds the lease that it was registered under, as far as the registry knows. */
  readonly owner: string;
  /** The guest in whose place it was registered, since the provider did not know that one any more. */
  readonly insteadOf?: string | undefined;
}

/** Stands in for the registry while that cannot be reached: one guest per session within this container. */
export type FallbackRegistry = GuestRegistry & {
  unsaved(session: SessionIdentity): UnsavedGuest | undefined;
  /** Remembers that a guest could not be saved, or that it was in the end. */
  setUnsaved(session: SessionIdentity, unsaved: UnsavedGuest | undefined): void;
};

export interface OpenSessionDependencies {
  readonly tables: VisitorTables;
  readonly provider: GuestProvider;
  readonly registry: GuestRegistry;
  readonly memory: FallbackRegistry;
  readonly clock: Clock;
  readonly telemetry: Telemetry<GuestEvent>;
  readonly settings: ProfileSettings;
}

/** What is known when the tables have answered. */
export interface OpenedSession {
  /** The registry that this request goes on with. */
  readonly store: GuestRegistry;
  readonly visitor: Visitor;
  readonly registration: Registration | undefined;
  readonly lease: Lease | undefined;
  /** The guest, where the session was new and registering it needed no call to the provider. */
  readonly created: KnownGuest | undefined;
  /** A guest that was made for this request, and whose write may have landed or not. */
  readonly uncertain: KnownGuest | undefined;
  /** A guest of this container that did not reach the registry. */
  readonly standIn: KnownGuest | undefined;
  /** Identifies this request in every lease. */
  readonly owner: string;
  readonly leaseUncertain: boolean;
}

/** A registration with a guest beside that did not reach the registry. */
export const withStandIn = (
  registration: Registration | undefined,
  standIn: KnownGuest | undefined,
): Registration | undefined => {
  if (standIn === undefined) return registration;
  const saved = guestsOf(registration);
  const [guest, ...olderGuests] = newestFirst([...saved, standIn]);
  const guestEverywhere = registration?.guestEverywhere === true && guest === saved[0];
  const verified = standIn.verified || registration?.verified === true;
  const older = olderGuests.length > 0 ? { olderGuests } : {};
  return { versions: new Map(), ...registration, guest, ...older, guestEverywhere, verified };
};

/** What a registry says, or that it cannot be reached, which is recorded. */
export const unlessUnreachable = async <T>(
  telemetry: Telemetry<GuestEvent>,
  operation: string,
  work: Promise<T>,
): Promise<T | 'unreachable'> => {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    telemetry.record('registry_unavailable', { operation });
    return 'unreachable';
  }
};

/** Longest that the registry is asked again, in milliseconds. */
const findMs = 150;

/** What a session without a live entry is given in the same round trip: the lease, or its guest. */
interface Grant {
  readonly lease?: Lease | undefined;
  readonly created?: KnownGuest | undefined;
  /** Set where the response was lost: with the guest, where one had been made. */
  readonly uncertain?: KnownGuest | true;
}

/**
 * Reads both tables and, at the same time, takes the lease if the session is new: one round trip of waiting.
 * Two cases take another round trip. While two hash keys are configured the lease is taken after the read: a lease
 * under the newest key says nothing about a guest under the older. And where consent is not stated, the registry
 * is read first: it may know a refusal, and then the CRM is not read.
 */
export const createOpenSession = (deps: OpenSessionDependencies) => {
  const { tables, provider, registry, memory, clock, telemetry, settings } = deps;

  /** Takes what only a session without a live entry is given; `undefined` where there is an entry. */
  const grant = async (
    session: SessionIdentity,
    stated: VisitorEvidence,
    owner: string,
    deadline: Deadline,
  ): Promise<Grant | undefined> => {
    const { hashes } = session;
    if (provider.mint === undefined) {
      const acquiring = registry.acquire(hashes, undefined, owner, deadline);
      const lease = await unlessUnreachable(telemetry, 'grant', acquiring);
      return lease === 'unreachable' ? { uncertain: true } : lease && { lease };
    }
    const created = await provider.mint(session, stated, deadline);
    const creating = registry.create(hashes[0], created, deadline);
    const saved = await unlessUnreachable(telemetry, 'grant', creating);
    if (saved === 'unreachable') return { uncertain: created };
    return saved ? { created } : undefined;
  };

  /** Once more and alone: only the CRM may have failed. Briefly, since the read has had the tables' whole time. */
  const findBriefly = async (hashes: SessionHashes, deadline: Deadline) => {
    const short = startDeadline(clock, findMs, deadline.signal);
    try {
      return await unlessUnreachable(telemetry, 'find', registry.find(hashes, short));
    } finally {
      short.clear();
    }
  };

  const readBoth = async (
    session: SessionIdentity,
    stated: VisitorEvidence,
    known: Registration | undefined,
    owner: string,
    deadline: Deadline,
  ) => {
    const { hashes } = session;
    const { consent } = stated;
    const isNew = hashes.length === 1 && known === undefined;
    const [read, granted] = await Promise.all([
      tables.read(hashes, { crm: consent.stated && consent.given }, deadline),
      isNew ? grant(session, stated, owner, deadline) : undefined,
    ]);
    // A grant proves that there was no live entry: what the read may have seen is that very grant.
    if (granted !== undefined && granted.uncertain === undefined) {
      return { crm: read.crm, registration: undefined, ...granted };
    }
    const registration =
      read.registration === 'unreachable' && granted === undefined
        ? await findBriefly(hashes, deadline)
        : read.registration;
    return { crm: read.crm, registration, ...granted };
  };

  return async (
    session: SessionIdentity,
    stated: VisitorEvidence,
    deadline: Deadline,
  ): Promise<OpenedSession> => {
    const remembered = await memory.find(session.hashes, deadline);
    const owner = memory.unsaved(session)?.owner ?? randomUUID();
    const read = await readBoth(session, stated, remembered, owner, deadline);
    const { lease, created, uncertain: lost }: Grant = read;
    const uncertain = lost === true ? undefined : lost;
    // Its write may land yet: whoever answers for this session here must name the same guest.
    if (uncertain !== undefined) memory.setUnsaved(session, { guest: uncertain, owner });
    const unsaved = memory.unsaved(session);
    const reached = read.registration !== 'unreachable';
    const registration = read.registration === 'unreachable' ? remembered : read.registration;
    const saved = guestsOf(registration);
    const isNewest = (unsaved?.guest.registeredAtMs ?? 0) > (saved[0]?.registeredAtMs ?? 0);
    const inForce =
      isNewest && isRefusal(unsaved?.guest.consent) ? unsaved?.guest.consent : registration?.consent;
    const consent = consentInForce(stated.consent, inForce);

    const crm = async (): Promise<CrmLookup> => {
      if (!consent.given || stated.consent.stated) return read.crm;
      return reached ? await tables.readCrm(session.hashes, deadline) : { kind: 'degraded' };
    };
    const visitor = visitorOf(session, { ...stated, consent }, await crm(), provider, settings);
    const leaseUncertain = lost !== undefined;
    const opened = { visitor, registration, lease, created, uncertain, owner };
    if (!reached) {
      const known = uncertain === undefined ? registration : await memory.find(session.hashes, deadline);
      return { ...opened, store: memory, registration: known, standIn: undefined, leaseUncertain: false };
    }
    const fits = (guest: KnownGuest): boolean => serves(guest, visitor, provider.name);
    const savedFits = saved.some((guest) => guest.guestId !== unsaved?.insteadOf && fits(guest));
    if (unsaved === undefined || savedFits || !(isNewest || fits(unsaved.guest))) {
      // It was saved after all, or another one serves: it must not come back once its session is erased.
      if (unsaved !== undefined) memory.setUnsaved(session, undefined);
      return { ...opened, store: registry, standIn: undefined, leaseUncertain };
    }
    const standIn = unsaved.guest;
    // Its lease may still stand in the registry in our name.
    const adopted = withStandIn(registration, standIn);
    return { ...opened, store: registry, standIn, registration: adopted, leaseUncertain: true };
  };
};
