import { randomUUID } from 'node:crypto';
import { consentDigest } from '../guest/consent.ts';
import { UnknownGuestError } from '../guest/errors.ts';
import type {
  Clock,
  Deadline,
  GuestProvider,
  KnownGuest,
  Telemetry,
  VisitorEvidence,
} from '../guest/ports.ts';
import type { SessionIdentity } from '../guest/session-hash.ts';
import type { GenesysEvent } from './events.ts';
import { sealReference } from './guest-reference.ts';
import type { ClientCredentials } from './oauth-request.ts';
import { rejected } from './outcome.ts';
import { open, seal } from './seal.ts';

export interface WebMessagingOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
  /** Of the deployment's WebSocket, such as wss://webmessaging.mypurecloud.de. */
  readonly websocketBaseUrl: string;
  readonly deploymentId: string;
  readonly credentials: {
    current(deadline: Deadline): Promise<ClientCredentials>;
    /** The secret, where it was rotated since it was read. */
    refreshForForgery(deadline: Deadline): Promise<ClientCredentials | undefined>;
  };
  readonly guestTtlSeconds: number;
}

/** What a guest session token is sealed for: one session and one guest. */
const purposeOf = ({ binding }: SessionIdentity, guestId: string): string => {
  if (binding === undefined) throw rejected();
  return `guest-session-token:${binding}:${guestId}`;
};

/**
 * Web Messaging as Genesys publishes it: there is no server call that registers a guest. Guest id and guest session
 * token are minted here, and no call to Genesys lies on the visitor's way; when the visitor writes, the
 * organisation's message flow asks `resolve` who this is.
 */
export const createWebMessaging = (options: WebMessagingOptions): GuestProvider => {
  const { clock, telemetry, websocketBaseUrl, deploymentId, credentials, guestTtlSeconds } = options;
  const name = 'web-messaging';
  const websocketUrl = `${websocketBaseUrl}/v1?${new URLSearchParams({ deploymentId })}`;

  const mint = (
    session: SessionIdentity,
    { consent, verified }: VisitorEvidence,
    clientSecret: string,
  ): KnownGuest => {
    const guestId = randomUUID();
    const registeredAtMs = clock.now();
    return {
      guestId,
      provider: name,
      profileDigest: '',
      anonymous: true,
      consent,
      verified,
      registeredAtMs,
      expiresAtMs: registeredAtMs + guestTtlSeconds * 1000,
      sealedToken: seal(randomUUID(), clientSecret, purposeOf(session, guestId)),
    };
  };

  const tokenOf = (
    { guestId, sealedToken }: KnownGuest,
    session: SessionIdentity,
    clientSecret: string,
  ): string | undefined =>
    sealedToken === undefined ? undefined : open(sealedToken, clientSecret, purposeOf(session, guestId));

  /** The secret for this guest: a token that does not open may be of a rotation which this container has not heard of. */
  const secretFor = async (
    guest: KnownGuest,
    session: SessionIdentity,
    deadline: Deadline,
  ): Promise<string> => {
    const { clientSecret } = await credentials.current(deadline);
    if (tokenOf(guest, session, clientSecret) !== undefined) return clientSecret;
    const newest = await credentials.refreshForForgery(deadline).catch(() => undefined);
    return (newest ?? (await credentials.current(deadline))).clientSecret;
  };

  return {
    name,
    guestHasProfile: false,

    mint: async (session, evidence, deadline) => {
      const { clientSecret } = await credentials.current(deadline);
      return mint(session, evidence, clientSecret);
    },

    register: async ({ session, previous, consent, verified }, deadline) => {
      const { clientSecret } = await credentials.current(deadline);
      const keeps =
        previous?.provider === name &&
        previous.verified === verified &&
        consentDigest(previous.consent) === consentDigest(consent) &&
        tokenOf(previous, session, clientSecret) !== undefined;
      return keeps ? previous : mint(session, { consent, verified }, clientSecret);
    },

    issueToken: async (guest, session, deadline) => {
      const clientSecret = await secretFor(guest, session, deadline);
      const accessToken = tokenOf(guest, session, clientSecret);
      if (accessToken === undefined) {
        telemetry.record('guest_token_unreadable');
        throw new UnknownGuestError();
      }
      const reference = { hashes: session.hashes, guestId: guest.guestId };
      return {
        accessToken,
        expiresAt: new Date(guest.expiresAtMs).toISOString(),
        messaging: {
          deploymentId,
          websocketUrl,
          // The page can read and forge these: an opaque reference only.
          customAttributes: { guestReference: sealReference(reference, clientSecret, clock.now()) },
        },
      };
    },
  };
};
