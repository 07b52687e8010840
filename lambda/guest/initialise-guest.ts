import type { Enrichment } from '../contract.ts';
import {
  type ClaimedRegistrationDependencies,
  ClaimLostError,
  createClaimedRegistration,
} from './claimed-registration.ts';
import type { Consent } from './consent.ts';
import type { AttributeValue } from './crm-record.ts';
import { GuestError, LimitedError, StoreUnavailableError, UnknownGuestError } from './errors.ts';
import type {
  Claim,
  Deadline,
  GuestRegistry,
  GuestToken,
  KnownGuest,
  OverflowQueue,
  Registration,
  VisitorTables,
} from './ports.ts';
import { anonymousProfile, exposedAttributes } from './profile.ts';
import { hashSession, type SessionHashes, type SessionHashKey } from './session-hash.ts';
import { type ProfileSettings, serves, type Visitor, visitorOf } from './visitor.ts';

export interface InitialiseGuestDependencies extends ClaimedRegistrationDependencies {
  /** The keys that session ids are hashed under; newest first. */
  readonly hashKeys: (deadline: Deadline) => Promise<readonly SessionHashKey[]>;
  readonly tables: VisitorTables;
  readonly registry: GuestRegistry;
  /** Stands in while the registry cannot be reached: one guest per session within this container. */
  readonly memory: GuestRegistry & { remember(sessionHash: string, guest: KnownGuest): void };
  readonly queue: OverflowQueue | undefined;
  readonly settings: ProfileSettings & { readonly exposedCrmAttributes: readonly string[] };
}

export interface InitialiseGuestCommand {
  readonly sessionId: string;
  readonly consent: Consent;
}

export type InitialiseGuestResult =
  | {
      readonly kind: 'issued';
      readonly guestId: string;
      readonly token: GuestToken;
      readonly crmAttributes: Readonly<Record<string, AttributeValue>>;
      readonly enrichment: Enrichment;
    }
  | { readonly kind: 'queued'; readonly retryAfterSeconds: number };

/** A guest that serves the visitor; `saving` remembers it while the token is asked for. */
interface Found {
  readonly kind: 'guest';
  readonly guest: KnownGuest;
  readonly saving?: Promise<void>;
  readonly degraded?: boolean;
}
interface Queued {
  readonly kind: 'queued';
  /** How long Genesys asked us to wait, where this request was told. */
  readonly waitMs: number;
}

/** What is known when the tables have answered. */
interface Start {
  readonly visitor: Visitor;
  readonly registration: Registration | undefined;
  readonly claim: Claim | undefined;
}

const firstPollMs = 40;
const longestPollMs = 400;
const maxUnsaved = 10_000;

/**
 * The use case: a session becomes a guest and a token.
 * One guest per session, profile and consent; the token is always minted for this call.
 * @throws GuestError with the code the website gets
 */
export const createInitialiseGuest = (deps: InitialiseGuestDependencies) => {
  const { tables, registry, memory, provider, queue, clock, telemetry, settings } = deps;
  const registering = createClaimedRegistration(deps);
  /** Sessions whose guest this container registered while the table was away: adopted when it is back. */
  const unsaved = new Set<string>();

  const unlessUnreachable = async <T>(operation: string, work: Promise<T>): Promise<T | 'unreachable'> => {
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
   * @returns the registry that this request goes on with and what it said
   */
  const open = async (
    hashes: SessionHashes,
    consent: Consent,
    deadline: Deadline,
  ): Promise<Start & { readonly store: GuestRegistry }> => {
    const known = await memory.find(hashes, deadline);
    const [read, claimed] = await Promise.all([
      tables.read(hashes, { crm: consent.given }, deadline),
      known === undefined
        ? unlessUnreachable('claim', registry.claim(hashes[0], undefined, deadline))
        : undefined,
    ]);
    const visitor = visitorOf(hashes, consent, read.crm, settings);
    const claim = claimed === 'unreachable' ? undefined : claimed;
    let registration = read.registration;
    // The claim tells that there is no live entry under the newest hash; without it, the entry is needed.
    if (registration === 'unreachable' && claimed !== 'unreachable') {
      registration =
        claim !== undefined && hashes.length === 1
          ? undefined
          : await unlessUnreachable('find', registry.find(hashes, deadline));
    }
    if (registration === 'unreachable') {
      if (claim === undefined) return { store: memory, visitor, registration: known, claim };
      registration = undefined;
    }
    // Our own claim is no entry.
    if (claim !== undefined && registration?.sessionHash === hashes[0]) registration = undefined;
    if (registration === undefined && unsaved.has(hashes[0])) registration = known;
    return { store: registry, visitor, registration, claim };
  };

  const enqueue = async (
    store: GuestRegistry,
    claim: Claim,
    { hashes: [sessionHash, ...olderHashes], consent }: Visitor,
    limited: LimitedError,
    deadline: Deadline,
  ): Promise<Queued> => {
    // Without the shared registry a repeated request could not find its guest.
    if (queue === undefined || limited.daily || store !== registry) throw limited;
    try {
      await queue.send(
        { sessionHash, olderHashes, provider: provider.name, consent, queuedAtMs: clock.now() },
        deadline,
      );
    } catch (error) {
      telemetry.record('queue_unavailable', { operation: 'send' });
      throw new LimitedError(limited.waitMs, false, { cause: error });
    }
    telemetry.record('registration_queued', { sessionHash });
    await unlessUnreachable('queue', store.queue(claim, consent, deadline));
    return { kind: 'queued', waitMs: limited.waitMs };
  };

  const registerUnder = async (
    store: GuestRegistry,
    claim: Claim,
    previous: KnownGuest | undefined,
    visitor: Visitor,
    deadline: Deadline,
  ): Promise<Found | Queued> => {
    const {
      hashes: [sessionHash],
      consent,
      profile,
      profileDigest,
    } = visitor;
    try {
      const registered = await registering.register(
        store,
        claim,
        { sessionHash, profile, profileDigest, consent, previous },
        deadline,
      );
      return {
        kind: 'guest',
        ...registered,
        saving: save(store, registered.claim, registered.guest, deadline),
      };
    } catch (error) {
      try {
        if (error instanceof LimitedError) return await enqueue(store, claim, visitor, error, deadline);
        throw error;
      } catch (failure) {
        if (!(failure instanceof ClaimLostError)) await registering.release(store, claim, deadline);
        throw failure;
      }
    }
  };

  const save = async (store: GuestRegistry, claim: Claim, guest: KnownGuest, deadline: Deadline) => {
    memory.remember(claim.sessionHash, guest);
    const saved = await registering.complete(store, claim, guest, deadline);
    if (saved && store === registry) unsaved.delete(claim.sessionHash);
    else if (unsaved.size < maxUnsaved) unsaved.add(claim.sessionHash);
  };

  /** The session's guest: found, registered here, or registered by somebody else while we wait for them. */
  const findOrRegister = async (
    store: GuestRegistry,
    { visitor, ...start }: Start,
    refused: string | undefined,
    deadline: Deadline,
  ): Promise<Found | Queued> => {
    const { hashes, consent } = visitor;
    let { registration, claim } = start;
    for (let pollMs = firstPollMs; ; pollMs = Math.min(longestPollMs, pollMs * 2)) {
      const guest = registration?.guest;
      const usable =
        guest !== undefined && guest.guestId !== refused && serves(guest, visitor, provider.name);
      if (claim !== undefined) {
        if (usable) return { kind: 'guest', guest, saving: save(store, claim, guest, deadline) };
        try {
          return await registerUnder(
            store,
            claim,
            guest?.guestId === refused ? undefined : guest,
            visitor,
            deadline,
          );
        } catch (error) {
          if (!(error instanceof ClaimLostError)) throw error;
        }
      } else if (registration?.failed !== undefined) {
        throw new GuestError(
          'registration_failed',
          'The registration was given up; please try again later.',
          {
            retryAfterSeconds: 60,
          },
        );
      } else if (registration?.queued !== undefined) {
        if (!sameConsent(registration.queued.consent, consent)) {
          await store.updateConsent(registration, consent, deadline);
        }
        return { kind: 'queued', waitMs: 0 };
      } else if (usable) {
        return { kind: 'guest', guest };
      } else if (registration?.leasedUntilMs === undefined) {
        // An entry under an older hash is replaced by one under the newest.
        claim = await store.claim(
          hashes[0],
          registration?.sessionHash === hashes[0] ? registration : undefined,
          deadline,
        );
        if (claim !== undefined) continue;
      }
      claim = undefined;
      await clock.sleep(pollMs, deadline.signal);
      registration = await store.find(hashes, deadline);
    }
  };

  const sameConsent = (a: Consent, b: Consent): boolean => a.given === b.given && a.type === b.type;

  const obtain = async (
    store: GuestRegistry,
    start: Start,
    refused: string | undefined,
    deadline: Deadline,
  ): Promise<Found | Queued> => {
    try {
      return await findOrRegister(store, start, refused, deadline);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || store === memory) throw error;
      telemetry.record('registry_unavailable', { operation: 'register' });
      const known = await memory.find(start.visitor.hashes, deadline);
      return await findOrRegister(
        memory,
        { visitor: start.visitor, registration: known, claim: undefined },
        refused,
        deadline,
      );
    }
  };

  const issueToken = async (found: Found, deadline: Deadline): Promise<GuestToken> => {
    const [token] = await Promise.allSettled([provider.issueToken(found.guest, deadline), found.saving]);
    if (token.status === 'rejected') throw token.reason;
    return token.value;
  };

  return async (
    { sessionId, consent }: InitialiseGuestCommand,
    deadline: Deadline,
  ): Promise<InitialiseGuestResult> => {
    const hashes = hashSession(sessionId, await deps.hashKeys(deadline));
    const { store, ...start } = await open(hashes, consent, deadline);
    let found = await obtain(store, start, undefined, deadline);
    if (found.kind === 'guest') {
      let token: GuestToken;
      try {
        token = await issueToken(found, deadline);
      } catch (error) {
        if (!(error instanceof UnknownGuestError)) throw error;
        telemetry.record('guest_unknown', { sessionHash: hashes[0] });
        const registration = await store.find(hashes, deadline);
        found = await obtain(
          store,
          { visitor: start.visitor, registration, claim: undefined },
          found.guest.guestId,
          deadline,
        );
        if (found.kind === 'queued') return await answerQueued(found, deadline);
        token = await issueToken(found, deadline).catch((again: unknown) => {
          throw again instanceof UnknownGuestError
            ? new GuestError('genesys_rejected', 'Genesys Cloud does not accept the guest.', { cause: again })
            : again;
        });
      }
      return answerIssued(found, token, start.visitor);
    }
    return await answerQueued(found, deadline);
  };

  async function answerQueued({ waitMs }: Queued, deadline: Deadline): Promise<InitialiseGuestResult> {
    const backlogSeconds = (await queue?.expectedWaitSeconds(deadline)) ?? 1;
    return { kind: 'queued', retryAfterSeconds: Math.ceil(waitMs / 1000) + backlogSeconds };
  }

  function answerIssued(
    { guest, saving, degraded }: Found,
    token: GuestToken,
    visitor: Visitor,
  ): InitialiseGuestResult {
    if (saving === undefined) telemetry.record('guest_reused', { sessionHash: visitor.hashes[0] });
    const enrichment = degraded === true ? 'degraded' : visitor.enrichment;
    const profile =
      enrichment === 'degraded'
        ? anonymousProfile(visitor.hashes[0], settings.anonymousEmailDomain)
        : visitor.profile;
    telemetry.record(`enrichment_${enrichment}`);
    return {
      kind: 'issued',
      guestId: guest.guestId,
      token,
      crmAttributes: exposedAttributes(profile, settings.exposedCrmAttributes),
      enrichment,
    };
  }
};
