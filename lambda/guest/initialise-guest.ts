import type { AttributeValue } from './crm-record.ts';
import type { Enrichment } from './enrichment.ts';
import { GuestError, UnknownGuestError } from './errors.ts';
import {
  createObtainGuest,
  type ObtainedGuest,
  type ObtainGuestDependencies,
  type QueuedGuest,
} from './obtain-guest.ts';
import {
  createOpenSession,
  type OpenedSession,
  type OpenSessionDependencies,
  unlessUnreachable,
} from './open-session.ts';
import type { Deadline, GuestToken, VisitorEvidence } from './ports.ts';
import { exposedAttributes } from './profile.ts';
import { identifySession, type SessionHashKey } from './session-hash.ts';
import { adopt } from './stand-in.ts';
import { heeding } from './visitor.ts';

export interface InitialiseGuestDependencies extends ObtainGuestDependencies, OpenSessionDependencies {
  /** The keys that session ids are hashed under; newest first. */
  readonly hashKeys: (deadline: Deadline) => Promise<readonly SessionHashKey[]>;
  readonly settings: OpenSessionDependencies['settings'] &
    ObtainGuestDependencies['settings'] & { readonly exposedCrmAttributes: readonly string[] };
}

export interface InitialiseGuestCommand extends VisitorEvidence {
  readonly sessionId: string;
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

/** Guests of a session that its provider may not know any more: one under each of two hash keys, and a stand-in. */
const mostUnknown = 3;
/** A visitor who waits is worth a look at least so often. */
const longestRetryAfterSeconds = 60;

/**
 * The use case: a session becomes a guest and a token.
 * One guest per session, profile and consent; the token is always minted for this call.
 * @throws GuestError with the code that says why not
 */
export const createInitialiseGuest = (deps: InitialiseGuestDependencies) => {
  const { memory, registry, provider, queue, telemetry, settings } = deps;
  const open = createOpenSession(deps);
  const obtainGuest = createObtainGuest(deps);

  const inMemory = async (session: OpenedSession, deadline: Deadline): Promise<OpenedSession> => {
    const registration = await memory.find(session.visitor.session.hashes, deadline);
    const visitor = heeding(session.visitor, registration, provider, settings);
    return { ...session, store: memory, visitor, registration, leaseUncertain: false };
  };

  /** The session as it is now that the provider does not know these guests. */
  const reopen = async (
    { spare, ...session }: OpenedSession,
    unknown: readonly string[],
    deadline: Deadline,
  ): Promise<OpenedSession> => {
    const opened = { ...session, lease: undefined, created: undefined, standIn: undefined, spare: undefined };
    const { session: identity } = session.visitor;
    const unsaved = spare && { ...spare, forgotten: [...(spare.forgotten ?? []), ...unknown] };
    if (unsaved !== undefined) memory.setUnsaved(identity, unsaved);
    if (session.store === memory) return await inMemory(opened, deadline);
    const finding = registry.find(identity.hashes, deadline);
    const registration = await unlessUnreachable(telemetry, 'find', finding);
    if (registration === 'unreachable') return await inMemory(opened, deadline);
    const visitor = heeding(session.visitor, registration, provider, settings);
    if (unsaved === undefined) return { ...opened, visitor, registration, leaseUncertain: false };
    const adopted = adopt(deps, registration, unsaved, visitor);
    return { ...opened, ...adopted, visitor, leaseUncertain: adopted.standIn !== undefined };
  };

  const issueToken = async (
    { guest, saving, visitor: { session } }: ObtainedGuest,
    deadline: Deadline,
  ): Promise<GuestToken> => {
    const [token] = await Promise.allSettled([provider.issueToken(guest, session, deadline), saving]);
    if (token.status === 'rejected') throw token.reason;
    return token.value;
  };

  const queued = async ({ waitMs }: QueuedGuest, deadline: Deadline): Promise<InitialiseGuestResult> => {
    const backlogSeconds = (await queue?.expectedWaitSeconds(deadline)) ?? 1;
    const seconds = Math.ceil(waitMs / 1000) + backlogSeconds;
    return { kind: 'queued', retryAfterSeconds: Math.min(longestRetryAfterSeconds, seconds) };
  };

  const issued = (
    { guest, reused, visitor: { session, enrichment, profile } }: ObtainedGuest,
    token: GuestToken,
  ): InitialiseGuestResult => {
    if (reused) telemetry.record('guest_reused', { sessionHash: session.hashes[0] });
    telemetry.record(`enrichment_${enrichment}`);
    return {
      kind: 'issued',
      guestId: guest.guestId,
      token,
      crmAttributes: exposedAttributes(profile, settings.exposedCrmAttributes),
      enrichment,
    };
  };

  return async (
    { sessionId, ...stated }: InitialiseGuestCommand,
    deadline: Deadline,
  ): Promise<InitialiseGuestResult> => {
    const identity = identifySession(sessionId, await deps.hashKeys(deadline));
    let session = await open(identity, stated, deadline);
    for (const unknown: string[] = []; ; ) {
      const obtained = await obtainGuest(session, unknown, deadline);
      if (obtained.kind === 'queued') return await queued(obtained, deadline);
      try {
        return issued(obtained, await issueToken(obtained, deadline));
      } catch (error) {
        if (!(error instanceof UnknownGuestError)) throw error;
        const isLast = !obtained.reused || unknown.length === mostUnknown;
        if (unknown.length > 0 && isLast) throw new GuestError('rejected', { cause: error });
      }
      telemetry.record('guest_unknown', { sessionHash: identity.hashes[0] });
      unknown.push(obtained.guest.guestId);
      session = await reopen({ ...session, visitor: obtained.visitor }, unknown, deadline);
    }
  };
};
