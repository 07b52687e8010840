import type { Enrichment } from '../contract.ts';
import type { Consent } from './consent.ts';
import type { AttributeValue } from './crm-record.ts';
import { GuestError, StoreUnavailableError, UnknownGuestError } from './errors.ts';
import {
  createFindOrRegister,
  type FindOrRegisterDependencies,
  type FoundGuest,
  type QueuedGuest,
} from './find-or-register.ts';
import { createOpenSession, type OpenedSession, type OpenSessionDependencies } from './open-session.ts';
import type { Deadline, GuestToken } from './ports.ts';
import { anonymousProfile, exposedAttributes } from './profile.ts';
import { hashSession, type SessionHashKey } from './session-hash.ts';
import type { Visitor } from './visitor.ts';

export interface InitialiseGuestDependencies
  extends Omit<FindOrRegisterDependencies & OpenSessionDependencies, 'unsaved'> {
  /** The keys that session ids are hashed under; newest first. */
  readonly hashKeys: (deadline: Deadline) => Promise<readonly SessionHashKey[]>;
  readonly settings: OpenSessionDependencies['settings'] &
    FindOrRegisterDependencies['settings'] & { readonly exposedCrmAttributes: readonly string[] };
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

/** A visitor who waits is worth a look at least so often. */
const longestRetryAfterSeconds = 60;

/**
 * The use case: a session becomes a guest and a token.
 * One guest per session, profile and consent; the token is always minted for this call.
 * @throws GuestError with the code the website gets
 */
export const createInitialiseGuest = (deps: InitialiseGuestDependencies) => {
  const { memory, provider, queue, telemetry, settings } = deps;
  const unsaved = new Set<string>();
  const open = createOpenSession({ ...deps, unsaved });
  const findOrRegister = createFindOrRegister({ ...deps, unsaved });

  const obtain = async (
    session: OpenedSession,
    refused: string | undefined,
    deadline: Deadline,
  ): Promise<FoundGuest | QueuedGuest> => {
    try {
      return await findOrRegister(session, refused, deadline);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || session.store === memory) throw error;
      telemetry.record('registry_unavailable', { operation: 'register' });
      const { visitor } = session;
      const registration = await memory.find(visitor.hashes, deadline);
      return await findOrRegister(
        { ...session, store: memory, registration, claim: undefined, claimUnknown: false },
        refused,
        deadline,
      );
    }
  };

  const issueToken = async (found: FoundGuest, deadline: Deadline): Promise<GuestToken> => {
    const [token] = await Promise.allSettled([provider.issueToken(found.guest, deadline), found.saving]);
    if (token.status === 'rejected') throw token.reason;
    return token.value;
  };

  return async (
    { sessionId, consent }: InitialiseGuestCommand,
    deadline: Deadline,
  ): Promise<InitialiseGuestResult> => {
    const hashes = hashSession(sessionId, await deps.hashKeys(deadline));
    const session = await open(hashes, consent, deadline);
    const { store, visitor } = session;
    let found = await obtain(session, undefined, deadline);
    if (found.kind === 'guest') {
      let token: GuestToken;
      try {
        token = await issueToken(found, deadline);
      } catch (error) {
        if (!(error instanceof UnknownGuestError)) throw error;
        telemetry.record('guest_unknown', { sessionHash: hashes[0] });
        const registration = await store.find(hashes, deadline);
        found = await obtain(
          { ...session, registration, claim: undefined, claimUnknown: false },
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
      return answerIssued(found, token, visitor);
    }
    return await answerQueued(found, deadline);
  };

  async function answerQueued({ waitMs }: QueuedGuest, deadline: Deadline): Promise<InitialiseGuestResult> {
    const backlogSeconds = (await queue?.expectedWaitSeconds(deadline)) ?? 1;
    const seconds = Math.ceil(waitMs / 1000) + backlogSeconds;
    return { kind: 'queued', retryAfterSeconds: Math.min(longestRetryAfterSeconds, seconds) };
  }

  function answerIssued(
    { guest, saving, degraded }: FoundGuest,
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
