import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { withGrace } from '../guest/deadline.ts';
import { StoreUnavailableError } from '../guest/errors.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import { pause } from './call-policy.ts';
import type { GenesysEvent } from './events.ts';
import type { ClientCredentials, CredentialSource, GrantedToken, OAuthRequest } from './oauth-request.ts';
import type { Failure, Outcome } from './outcome.ts';
import { backoffMs } from './retry-after.ts';
import { open, seal } from './seal.ts';
import {
  type SharedTokenEntry,
  type SharedTokenStore,
  type TokenPause,
  tokenMarginMs,
} from './shared-token-store.ts';

const firstPollMs = 50;
const longestPollMs = 400;
/** Time that ending a lease may take after the callers' time is over. */
const leaseEndGraceMs = 200;
/** How long nobody asks a token endpoint that failed and named no wait: between these, doubling. */
const shortestPauseMs = 500;
const longestPauseMs = 5000;
/** Containers that waited for the same pause come back spread over this time. */
const spreadMs = 500;

/** Name of a client's shared token in the table; holds no secret. */
export const sharedTokenKey = (loginUrl: string, { clientId }: ClientCredentials, scope = ''): string =>
  `oauth#${createHash('sha256')
    .update(JSON.stringify([loginUrl, clientId, scope]))
    .digest('base64url')}`;

const content = v.pipe(v.string(), v.parseJson(), v.object({ value: v.string(), issuedAtMs: v.number() }));
const purposeOf = (key: string): string => `oauth-token:${key}`;

export interface SharedTokenOptions {
  readonly store: SharedTokenStore | undefined;
  readonly request: OAuthRequest;
  readonly credentials: CredentialSource;
  readonly keyOf: (secret: ClientCredentials) => string;
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
  readonly random: () => number;
}

/** The OAuth token that all containers share: one of them asks the token endpoint, the others wait for it. */
export const createSharedToken = (options: SharedTokenOptions) => {
  const { store, request, credentials, keyOf, clock, telemetry, random } = options;

  const unlessUnavailable = async (operation: string, work: Promise<unknown>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      telemetry.record('token_vault_unavailable', { operation });
    }
  };

  /** The token of an entry, while it is good for use; a rotated secret makes it unreadable, which is absent. */
  const tokenOf = (
    { token }: SharedTokenEntry,
    key: string,
    { clientSecret }: ClientCredentials,
  ): GrantedToken | undefined => {
    if (token === undefined || token.expiresAtMs - tokenMarginMs <= clock.now()) return undefined;
    const parsed = v.safeParse(content, open(token.sealed, clientSecret, purposeOf(key)));
    if (!parsed.success) return undefined;
    return { ...parsed.output, expiresAtMs: token.expiresAtMs, clientSecret };
  };

  /** How long everybody leaves the token endpoint alone after a failure. */
  const pauseAfter = (failure: Failure, before: TokenPause | undefined): TokenPause => {
    const failures = (before?.failures ?? 0) + 1;
    const limited = failure.kind === 'limited';
    const named = failure.kind === 'malformed' ? undefined : failure.retryAfterMs;
    const ownMs = limited
      ? backoffMs(1000, failures - 1, random)
      : Math.min(longestPauseMs, backoffMs(shortestPauseMs, failures - 1, random));
    const waitMs = named ?? Math.max(shortestPauseMs, ownMs);
    return { untilMs: clock.now() + waitMs, reason: limited ? 'limited' : 'failing', failures };
  };

  /** What a caller sees of a pause: the retry policy waits for its end, where that fits. */
  const pausedOutcome = (paused: TokenPause | undefined): Outcome<never> | undefined => {
    const leftMs = (paused?.untilMs ?? 0) - clock.now();
    if (leftMs <= 0) return undefined;
    const retryAfterMs = leftMs + Math.ceil(random() * spreadMs);
    return { kind: paused?.reason === 'limited' ? 'limited' : 'unsent', retryAfterMs };
  };

  /** With a token, a pause or nothing; also when the callers' time is over, since other containers wait for it. */
  const endLease = async (
    store: SharedTokenStore,
    key: string,
    owner: string,
    result: GrantedToken | TokenPause | undefined,
    deadline: Deadline,
  ): Promise<void> =>
    await withGrace(clock, deadline, leaseEndGraceMs, async (grace) => {
      if (result === undefined || 'reason' in result || result.expiresAtMs - tokenMarginMs <= clock.now()) {
        const paused = result !== undefined && 'reason' in result ? result : undefined;
        await unlessUnavailable('release', store.release(key, owner, paused, grace));
        return;
      }
      const { value, issuedAtMs, expiresAtMs, clientSecret } = result;
      const sealed = seal(JSON.stringify({ value, issuedAtMs }), clientSecret, purposeOf(key));
      await unlessUnavailable('store', store.store(key, owner, { sealed, expiresAtMs }, grace));
    });

  /** Asks the token endpoint. @returns the outcome and, where it failed, the pause for everybody else */
  const ask = async (
    before: TokenPause | undefined,
    deadline: Deadline,
  ): Promise<{ outcome: Outcome<GrantedToken>; result?: GrantedToken | TokenPause }> => {
    const outcome = await request(deadline);
    if (outcome.kind === 'ok') return { outcome, result: outcome.value };
    // The secret is at fault, not the endpoint: each container has a pause of its own, which a new secret ends.
    if (outcome.kind === 'refused' && outcome.status < 500) return { outcome };
    const result = pauseAfter(outcome, before);
    if (outcome.kind === 'malformed') return { outcome, result };
    return { outcome: { ...outcome, retryAfterMs: result.untilMs - clock.now() }, result };
  };

  const askUnderLease = async (
    store: SharedTokenStore,
    key: string,
    owner: string,
    before: TokenPause | undefined,
    deadline: Deadline,
  ): Promise<Outcome<GrantedToken>> => {
    // Where nothing was asked (the circuit is open, the time over), what others have found out stays.
    let result: GrantedToken | TokenPause | undefined = before;
    try {
      const asked = await ask(before, deadline);
      result = asked.result;
      return asked.outcome;
    } finally {
      await endLease(store, key, owner, result, deadline);
    }
  };

  /** A token from the table or, under the lease, from the token endpoint; nobody asks that beside a lease. */
  const throughStore = async (
    store: SharedTokenStore,
    refused: string | undefined,
    deadline: Deadline,
  ): Promise<Outcome<GrantedToken>> => {
    const secret = await credentials.current(deadline);
    const key = keyOf(secret);
    for (let pollMs = firstPollMs; ; pollMs = Math.min(longestPollMs, pollMs * 2)) {
      const entry = await store.read(key, deadline);
      const token = tokenOf(entry, key, secret);
      if (token !== undefined && token.value !== refused) {
        telemetry.record('oauth_token_shared');
        return { kind: 'ok', value: token };
      }
      const paused = pausedOutcome(entry.pause);
      if (paused !== undefined) return paused;
      if (entry.leasedUntilMs === undefined) {
        const lease = await store.lease(key, entry.token?.version, deadline);
        if (lease !== undefined) return await askUnderLease(store, key, lease.owner, entry.pause, deadline);
      }
      await pause(clock, pollMs * (0.5 + random() / 2), deadline);
    }
  };

  /** What this container knows while the table is away. */
  let ownPause: TokenPause | undefined;

  const withoutStore = async (deadline: Deadline): Promise<Outcome<GrantedToken>> => {
    const paused = pausedOutcome(ownPause);
    if (paused !== undefined) return paused;
    const { outcome, result } = await ask(ownPause, deadline);
    ownPause = result !== undefined && 'reason' in result ? result : undefined;
    return outcome;
  };

  return {
    /** A token other than the refused one. If the table fails, this container asks the token endpoint itself. */
    acquire: async (refused: string | undefined, deadline: Deadline): Promise<Outcome<GrantedToken>> => {
      if (store === undefined) return await withoutStore(deadline);
      try {
        return await throughStore(store, refused, deadline);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        telemetry.record('token_vault_unavailable', { operation: 'acquire' });
        return await withoutStore(deadline);
      }
    },

    /** The token that another container obtained, where there is one now. */
    peek: async (deadline: Deadline): Promise<GrantedToken | undefined> => {
      const secret = await credentials.current(deadline);
      const key = keyOf(secret);
      return store && tokenOf(await store.read(key, deadline), key, secret);
    },

    /** Genesys refused a token: it is removed for all, if the table still holds that one. */
    invalidate: async (value: string, deadline: Deadline): Promise<void> => {
      const remove = async () => {
        const secret = await credentials.current(deadline);
        const key = keyOf(secret);
        const entry = (await store?.read(key, deadline)) ?? {};
        if (entry.token !== undefined && tokenOf(entry, key, secret)?.value === value) {
          await store?.invalidate(key, entry.token.version, deadline);
        }
      };
      await unlessUnavailable('invalidate', remove());
    },
  };
};
