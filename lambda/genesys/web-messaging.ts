import { randomUUID } from 'node:crypto';
import { consentDigest } from '../guest/consent.ts';
import { startDeadline } from '../guest/deadline.ts';
import { GuestError, UnknownGuestError } from '../guest/errors.ts';
import type { Deadline, GuestProvider, KnownGuest, RegisterCommand } from '../guest/ports.ts';
import type { AttributeMap } from '../guest/profile.ts';
import { type AuthorisedCallOptions, createAuthorisedCall } from './authorised-call.ts';
import { contactAnswer, enrichBody, enrichPath, externalIdOf } from './contact.ts';
import type { ClientCredentials, CredentialSource } from './oauth-request.ts';
import type { RetryPlan } from './retry.ts';
import { open, seal } from './seal.ts';

interface WebMessagingCredentials extends ClientCredentials {
  /** Customers are matched under it; never rotated. */
  readonly externalIdKey?: Uint8Array | undefined;
}

export interface WebMessagingOptions extends AuthorisedCallOptions {
  readonly baseUrl: string;
  /** Of the region, such as mypurecloud.de. */
  readonly domain: string;
  readonly deploymentId: string;
  readonly externalSourceId: string;
  readonly attributeMap: AttributeMap;
  readonly credentials: CredentialSource<WebMessagingCredentials>;
  readonly guestTtlSeconds: number;
}

const plan: RetryPlan = { endpoint: 'contact', limitBaseMs: 1000, repeat: 'always' };
/** Kept back from the budget, so that the chat opens even when the contact cannot be updated in time. */
const answerReserveMs = 750;

const purposeOf = (guestId: string): string => `guest-session-token:${guestId}`;

interface Minted {
  readonly guestId: string;
  readonly sealedToken: string;
  readonly expiresAtMs: number;
}

/**
 * Web Messaging as Genesys publishes it: there is no server call that registers a guest. The guest session token
 * is minted here, and what the CRM knows goes to the customer's external contact.
 */
export const createWebMessaging = (options: WebMessagingOptions): GuestProvider => {
  const { baseUrl, domain, deploymentId, externalSourceId, attributeMap, credentials } = options;
  const { clock, telemetry, guestTtlSeconds } = options;
  const call = createAuthorisedCall(options);
  const name = 'web-messaging';
  const query = new URLSearchParams({ deploymentId });
  const websocketUrl = `wss://webmessaging.${domain}/v1?${query}`;

  const mint = (clientSecret: string): Minted => {
    const guestId = randomUUID();
    const sealedToken = seal(randomUUID(), clientSecret, purposeOf(guestId));
    return { guestId, sealedToken, expiresAtMs: clock.now() + guestTtlSeconds * 1000 };
  };

  const tokenOf = ({ guestId, sealedToken }: KnownGuest, clientSecret: string): string | undefined =>
    sealedToken === undefined ? undefined : open(sealedToken, clientSecret, purposeOf(guestId));

  /** A changed profile keeps guest and token; a changed consent, or a token that cannot be read, does not. */
  const keep = ({ previous, consent }: RegisterCommand, clientSecret: string): Minted | undefined => {
    if (previous?.sealedToken === undefined || previous.provider !== name) return undefined;
    if (consentDigest(previous.consent) !== consentDigest(consent)) return undefined;
    if (previous.expiresAtMs <= clock.now() || tokenOf(previous, clientSecret) === undefined)
      return undefined;
    const { guestId, sealedToken, expiresAtMs } = previous;
    return { guestId, sealedToken, expiresAtMs };
  };

  /** Whether the contact already says what the profile says. */
  const isTold = ({ previous, profileDigest }: RegisterCommand): boolean =>
    previous !== undefined &&
    previous.provider === name &&
    previous.consent.given &&
    !previous.anonymous &&
    previous.profileDigest === profileDigest;

  const enrich = async (
    command: RegisterCommand,
    crmId: string,
    externalIdKey: Uint8Array,
    deadline: Deadline,
  ): Promise<boolean> => {
    const limit = startDeadline(clock, deadline.remainingMs() - answerReserveMs, deadline.signal);
    try {
      const externalId = externalIdOf(crmId, externalIdKey);
      const outcome = await call(
        {
          plan,
          method: 'POST',
          url: `${baseUrl}${enrichPath}`,
          body: { json: enrichBody(command.profile, externalId, externalSourceId, attributeMap) },
          schema: contactAnswer,
        },
        limit,
      );
      if (outcome.kind === 'ok') telemetry.record('contact_enriched');
      else telemetry.record('contact_degraded', { reason: outcome.kind });
      return outcome.kind === 'ok';
    } catch (error) {
      // Whatever it is: the chat opens without the contact.
      const reason = error instanceof GuestError ? error.code : error instanceof Error ? error.name : 'error';
      telemetry.record('contact_degraded', { reason });
      return false;
    } finally {
      limit.clear();
    }
  };

  return {
    name,

    register: async (command, deadline) => {
      const { clientSecret, externalIdKey } = await credentials.current(deadline);
      const kept = keep(command, clientSecret);
      if (kept === undefined) await command.beforeCreation();
      const guest = kept ?? mint(clientSecret);
      const { profile, consent } = command;
      if (profile.anonymous || !consent.given || profile.crmId === undefined || isTold(command)) return guest;
      if (externalIdKey === undefined) {
        telemetry.record('external_id_key_missing');
        return { ...guest, degraded: true };
      }
      return { ...guest, degraded: !(await enrich(command, profile.crmId, externalIdKey, deadline)) };
    },

    issueToken: async (guest, deadline) => {
      const { clientSecret } = await credentials.current(deadline);
      const accessToken = tokenOf(guest, clientSecret);
      if (accessToken === undefined) {
        telemetry.record('guest_token_unreadable');
        throw new UnknownGuestError();
      }
      return {
        accessToken,
        expiresAt: new Date(guest.expiresAtMs).toISOString(),
        // The page can read and forge these: an opaque reference only.
        messaging: { deploymentId, websocketUrl, customAttributes: { guestId: guest.guestId } },
      };
    },
  };
};
