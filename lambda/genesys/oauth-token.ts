import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import { createFlight } from '../time/flight.ts';
import type { ApiClient } from './api-client.ts';
import { createRetry, type RetryPlan } from './call-policy.ts';
import type { GenesysEvent } from './events.ts';
import {
  type ClientCredentials,
  type CredentialSource,
  type CredentialStyle,
  createOAuthRequest,
  type GrantedToken,
} from './oauth-request.ts';
import { errorOf, type Outcome, rejected } from './outcome.ts';
import { createSharedToken, sharedTokenKey } from './shared-token.ts';
import type { SharedTokenStore } from './shared-token-store.ts';
import { tokenMarginMs } from './shared-token-store.ts';

export interface OAuthTokenOptions {
  readonly client: ApiClient;
  readonly loginUrl: string;
  readonly style: CredentialStyle;
  readonly scope?: string | undefined;
  readonly credentials: CredentialSource;
  /** Without one (tools), the token is this process's own. */
  readonly store?: SharedTokenStore | undefined;
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
  readonly random?: (() => number) | undefined;
}

export interface OAuthToken {
  /**
   * A token that is good for at least a minute, or else was granted for this very call.
   * @throws LimitedError, GuestError `unavailable`, `rejected`, `deadline_exceeded`
   */
  get(deadline: Deadline, waitsForLimits?: boolean): Promise<string>;
  /** Genesys answered 401 to this token: it is forgotten, here and in the table. */
  invalidate(token: string, deadline: Deadline): Promise<void>;
  /** Takes the token that another container obtained, where there is one; asks nobody else. */
  warmUp(deadline: Deadline): Promise<void>;
}

/** A guest and its token are still to come. */
const plan: RetryPlan = { endpoint: 'oauth', limitBaseMs: 1000, repeat: 'always', followedBy: 2 };
/** How long credentials that Genesys refused are not tried again, unless the secret has changed. */
const refusedForMs = 5000;

/**
 * The OAuth token of a container: kept until a minute before its end, asked for once however many wait, failures
 * never kept. Behind it the token that all containers share, where there is a store.
 */
export const createOAuthToken = (options: OAuthTokenOptions): OAuthToken => {
  const { credentials, loginUrl, scope, store, clock, telemetry, random = Math.random } = options;
  const request = createOAuthRequest(options);
  const retry = createRetry({ clock, telemetry, random });
  const keyOf = (secret: ClientCredentials) => sharedTokenKey(loginUrl, secret, scope);
  const shared = createSharedToken({ store, request, credentials, keyOf, clock, telemetry, random });

  let token: GrantedToken | undefined;
  let refusedToken: string | undefined;
  let refusedSecret: (ClientCredentials & { readonly untilMs: number }) | undefined;

  const fresh = (): GrantedToken | undefined =>
    token !== undefined && token.expiresAtMs - tokenMarginMs > clock.now() ? token : undefined;

  const isRefused = ({ clientId, clientSecret }: ClientCredentials): boolean =>
    refusedSecret !== undefined &&
    refusedSecret.untilMs > clock.now() &&
    refusedSecret.clientId === clientId &&
    refusedSecret.clientSecret === clientSecret;

  const fly = createFlight(async (deadline): Promise<Outcome<GrantedToken>> => {
    if (isRefused(await credentials.current(deadline))) throw rejected();
    const outcome = await shared.acquire(refusedToken, deadline);
    if (outcome.kind === 'ok') token = outcome.value;
    if (outcome.kind === 'refused' && outcome.credentials !== undefined) {
      const { clientId, clientSecret } = outcome.credentials;
      refusedSecret = { clientId, clientSecret, untilMs: clock.now() + refusedForMs };
    }
    return outcome;
  });

  return {
    get: async (deadline, waitsForLimits = true) => {
      const outcome = await retry(
        { ...plan, waitsForLimits },
        deadline,
        async (): Promise<Outcome<GrantedToken>> => {
          const value = fresh();
          return value === undefined ? await fly(deadline) : { kind: 'ok', value };
        },
      );
      if (outcome.kind !== 'ok') throw errorOf(outcome);
      return outcome.value.value;
    },

    invalidate: async (value, deadline) => {
      telemetry.record('oauth_token_refused');
      refusedToken = value;
      if (token?.value === value) token = undefined;
      await shared.invalidate(value, deadline);
    },

    warmUp: async (deadline) => {
      token ??= await shared.peek(deadline);
    },
  };
};
