import { randomUUID } from 'node:crypto';
import type { Consent } from './consent.ts';
import { StoreUnavailableError } from './errors.ts';
import type { GuestEvent } from './events.ts';
import type {
  Claim,
  Deadline,
  GuestRegistry,
  KnownGuest,
  Registration,
  Telemetry,
  VisitorTables,
} from './ports.ts';
import type { SessionHashes } from './session-hash.ts';
import { type ProfileSettings, type Visitor, visitorOf } from './visitor.ts';

/** Stands in for the registry while that cannot be reached: one guest per session within this container. */
export type FallbackRegistry = GuestRegistry & { remember(sessionHash: string, guest: KnownGuest): void };

export interface OpenSessionDependencies {
  readonly tables: VisitorTables;
  readonly registry: GuestRegistry;
  readonly memory: FallbackRegistry;
  /** Sessions whose guest this container registered while the table was away: adopted when it is back. */
  readonly unsaved: ReadonlySet<string>;
  readonly telemetry: Telemetry<GuestEvent>;
  readonly settings: ProfileSettings;
}

/** What is known when the tables have answered. */
export interface OpenedSession {
  /** The registry that this request goes on with. */
  readonly store: GuestRegistry;
  readonly visitor: Visitor;
  readonly registration: Registration | undefined;
  readonly claim: Claim | undefined;
  /** Names this request in every claim. */
  readonly owner: string;
  /** Whether the answer to its first claim was lost: the lease may be ours without our knowing. */
  readonly claimUnknown: boolean;
}

/** The answer of a registry, or the word that it cannot be reached, which is recorded. */
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

/**
 * Reads both tables and, at the same time, takes the lease if the session is new: one round trip of waiting.
 */
export const createOpenSession =
  ({ tables, registry, memory, unsaved, telemetry, settings }: OpenSessionDependencies) =>
  async (hashes: SessionHashes, consent: Consent, deadline: Deadline): Promise<OpenedSession> => {
    const owner = randomUUID();
    const known = await memory.find(hashes, deadline);
    const [read, claimed] = await Promise.all([
      tables.read(hashes, { crm: consent.given }, deadline),
      known === undefined
        ? unlessUnreachable(telemetry, 'claim', registry.claim(hashes[0], undefined, deadline, owner))
        : undefined,
    ]);
    const visitor = visitorOf(hashes, consent, read.crm, settings);
    let claim = claimed === 'unreachable' ? undefined : claimed;
    let registration = read.registration;
    // The claim tells that there is no live entry under the newest hash; without it, the entry is needed.
    if (registration === 'unreachable' && claimed !== 'unreachable') {
      registration =
        claim !== undefined && hashes.length === 1
          ? undefined
          : await unlessUnreachable(telemetry, 'find', registry.find(hashes, deadline));
    }
    if (registration === 'unreachable') {
      if (claim === undefined) {
        return { store: memory, visitor, registration: known, claim, owner, claimUnknown: false };
      }
      registration = undefined;
    }
    // Our own claim is no entry.
    if (claim !== undefined && registration?.sessionHash === hashes[0]) registration = undefined;
    if (registration === undefined && known !== undefined && unsaved.has(hashes[0])) {
      claim ??= await registry.claim(hashes[0], undefined, deadline, owner).catch(() => undefined);
      registration = known;
    }
    const claimUnknown = claimed === 'unreachable';
    return { store: registry, visitor, registration, claim, owner, claimUnknown };
  };
