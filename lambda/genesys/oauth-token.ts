import { startDeadline } from '../guest/deadline.ts';
import { GuestError } from '../guest/errors.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import type { ApiClient } from './api-client.ts';
import type { GenesysEvent } from './events.ts';
import { createFlight } from './flight.ts';
import {
  type ClientCredentials,
  type CredentialSource,
  type CredentialStyle,
  createOAuthRequest,
  type GrantedToken,
} from './oauth-request.ts';
import { errorOf, type Outcome } from './outcome.ts';
import { createRetry, type RetryPlan } from './retry.ts';
import { backoffMs } from './retry-after.ts';
import { createSharedToken, sharedTokenKey, tokenMarginMs } from './shared-token.ts';
import type { SharedTokenStore } from './shared-token-store.ts';

export interface OAuthTokenOptions {
  readonly client: ApiClient;
  readonly loginUrl: string;
  readonly style: CredentialStyle;
  readonly scope?: string | undefined;
  readonly credentials: CredentialSource;
  readonly store?: SharedTokenStore | undefined;
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
  readonly random?: (() => number) | undefined;
}

export interface OAuthToken {
  /**
   * A token that is good for at least a minute, or else was granted for this very call.
   * @throws LimitedError, GuestError `genesys_unavailable`, `genesys_rejected`, `deadline_exceeded`
   */
  get(deadline: Deadline): Promise<string>;
  /** Genesys answered 401 to this token: it is forgotten, here and in the table. */
  invalidate(token: string, deadline: Deadline): Promise<void>;
  /** Whether the next `get` will look into the table: the tables' round trip may bring the entry along. */
  wanted(): boolean;
  /** The entry's key in the table; undefined before the secret was read. */
  key(): string | undefined;
  /** Tells the client id as soon as it is known, so that even a first request brings the entry along. */
  learn(secret: ClientCredentials): void;
}

const plan: RetryPlan = { endpoint: 'oauth', limitBaseMs: 1000, repeat: 'always' };
const failureBaseMs = 200;
/** The wait after a failure grows no further, however long the outage. */
const maxDoublings = 3;

/** Longest part of a token's life, before the margin, in which the containers renew it ahead. */
const longestRenewalWindowMs = 240_000;
const renewalShare = 0.1;
const renewalTimeoutMs = 10_000;
const renewalPauseMs = 10_000;

/**
 * The OAuth token of a container: kept until a minute before its end, asked for once however many wait, failures
 * never kept. Behind it the tier that all containers share, where there is a store.
 */
export const createOAuthToken = (options: OAuthTokenOptions): OAuthToken => {
  const { credentials, loginUrl, scope, store, clock, telemetry, random = Math.random } = options;
  let key: string | undefined;
  const request = createOAuthRequest(options);
  const retry = createRetry({ clock, telemetry, random });
  const keyOf = (secret: ClientCredentials): string => {
    key = sharedTokenKey(loginUrl, secret, scope);
    return key;
  };
  const shared = store && createSharedToken({ store, request, credentials, keyOf, clock, telemetry, random });

  let token: GrantedToken | undefined;
  let refused: string | undefined;
  let renewAtMs = Number.POSITIVE_INFINITY;
  let renewing = false;
  let limitsInARow = 0;
  let failuresInARow = 0;

  const fresh = (): GrantedToken | undefined =>
    token !== undefined && token.expiresAtMs - tokenMarginMs > clock.now() ? token : undefined;

  const keep = (granted: GrantedToken): void => {
    token = granted;
    // Each container picks its own moment; the first to come takes the lease and renews for all.
    const usableMs = granted.expiresAtMs - tokenMarginMs - granted.issuedAtMs;
    const windowMs = Math.min(longestRenewalWindowMs, usableMs * renewalShare);
    renewAtMs = granted.expiresAtMs - tokenMarginMs - windowMs * random();
  };

  /** All callers of a flight wait for the same time, and so come back to one flight. */
  const withSharedWait = (outcome: Outcome<GrantedToken>): Outcome<GrantedToken> => {
    limitsInARow = outcome.kind === 'limited' ? limitsInARow + 1 : 0;
    failuresInARow = outcome.kind === 'ok' || outcome.kind === 'limited' ? 0 : failuresInARow + 1;
    switch (outcome.kind) {
      case 'limited':
        return {
          ...outcome,
          retryAfterMs: outcome.retryAfterMs ?? backoffMs(plan.limitBaseMs, limitsInARow - 1, random),
        };
      case 'unsent':
      case 'lost':
      case 'refused':
        return {
          ...outcome,
          repeatAfterMs: backoffMs(failureBaseMs, Math.min(failuresInARow, maxDoublings) - 1, random),
        };
      default:
        return outcome;
    }
  };

  const fly = createFlight(async (deadline) => {
    const outcome = await (shared === undefined ? request(deadline) : shared.acquire(refused, deadline));
    if (outcome.kind === 'ok') keep(outcome.value);
    return withSharedWait(outcome);
  });

  /** In the background: whoever needs a token meanwhile uses the old one. */
  const renewAhead = async (ours: GrantedToken): Promise<void> => {
    if (shared === undefined || renewing || fresh() !== ours || clock.now() < renewAtMs) return;
    renewing = true;
    const deadline = startDeadline(clock, renewalTimeoutMs);
    try {
      const newer = await shared.renew(ours, deadline);
      if (newer === undefined) renewAtMs = clock.now() + renewalPauseMs * (0.5 + random());
      else keep(newer);
    } catch (error) {
      renewAtMs = clock.now() + renewalPauseMs * (0.5 + random());
      const reason = error instanceof GuestError ? error.code : 'store_or_secret';
      telemetry.record('oauth_renewal_failed', { reason });
    } finally {
      deadline.clear();
      renewing = false;
    }
  };

  return {
    get: async (deadline) => {
      const outcome = await retry(plan, deadline, async (): Promise<Outcome<GrantedToken>> => {
        const value = fresh();
        return value === undefined ? await fly(deadline) : { kind: 'ok', value };
      });
      if (outcome.kind !== 'ok') throw errorOf(outcome);
      void renewAhead(outcome.value);
      return outcome.value.value;
    },

    invalidate: async (value, deadline) => {
      telemetry.record('oauth_token_refused');
      refused = value;
      if (token?.value === value) token = undefined;
      await shared?.invalidate(value, deadline);
    },

    wanted: () => shared !== undefined && (fresh() === undefined || clock.now() >= renewAtMs),
    key: () => key,
    learn: (secret) => {
      keyOf(secret);
    },
  };
};
