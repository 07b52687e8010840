import { randomUUID } from 'node:crypto';
import { consentInForce } from './consent.ts';
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
import type { SessionHashes, SessionIdentity } from './session-hash.ts';
import { adopt, consentWith, type FallbackRegistry, type UnsavedGuest } from './stand-in.ts';
import { type ProfileSettings, type Visitor, visitorOf } from './visitor.ts';

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
  readonly standIn: UnsavedGuest | undefined;
  /** Such a guest that is not used, since another one serves: unless the provider has forgotten that one. */
  readonly spare: UnsavedGuest | undefined;
  /** Identifies this request in every lease. */
  readonly owner: string;
  readonly leaseUncertain: boolean;
}

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
  /** The response was lost: the lease, or the guest that was made, may have been granted. */
  readonly isUncertain?: boolean;
  readonly uncertain?: KnownGuest;
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
      return lease === 'unreachable' ? { isUncertain: true } : lease && { lease };
    }
    const created = await provider.mint(session, stated, deadline);
    const creating = registry.create(hashes[0], created, deadline);
    const saved = await unlessUnreachable(telemetry, 'grant', creating);
    if (saved === 'unreachable') return { isUncertain: true, uncertain: created };
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
    if (granted !== undefined && granted.isUncertain !== true) {
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
    const before = memory.unsaved(session);
    const owner = before?.owner ?? randomUUID();
    const read = await readBoth(session, stated, remembered, owner, deadline);
    const { lease, created, uncertain, isUncertain: leaseUncertain = false }: Grant = read;
    const unsaved = uncertain === undefined ? before : { guest: uncertain, owner };
    const reached = read.registration !== 'unreachable';
    const registration = read.registration === 'unreachable' ? remembered : read.registration;
    const inForce = consentWith(registration, unsaved?.guest);
    const consent = consentInForce(stated.consent, inForce);

    const crm = async (): Promise<CrmLookup> => {
      if (!consent.given || stated.consent.stated) return read.crm;
      return reached ? await tables.readCrm(session.hashes, deadline) : { kind: 'degraded' };
    };
    const visitor = visitorOf(session, { ...stated, consent }, await crm(), provider, settings);
    const opened = { visitor, lease, created, uncertain, owner };
    const here = { ...opened, store: memory, standIn: undefined, spare: undefined, leaseUncertain: false };
    if (!reached && uncertain === undefined) return { ...here, registration };
    // A lost write may land yet: whoever answers for this session here must name the same guest.
    const adopted =
      unsaved === undefined
        ? { registration, standIn: undefined }
        : adopt(deps, reached ? registration : undefined, unsaved, visitor);
    if (!reached) return { ...here, registration: await memory.find(session.hashes, deadline) };
    const isAdopted = adopted.standIn !== undefined;
    const spare = isAdopted ? undefined : before;
    // The lease of one that is adopted may still stand in the registry in our name.
    return { ...opened, ...adopted, store: registry, spare, leaseUncertain: leaseUncertain || isAdopted };
  };
};
