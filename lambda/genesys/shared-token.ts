import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { withGrace } from '../guest/deadline.ts';
import { StoreUnavailableError } from '../guest/errors.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import type { GenesysEvent } from './events.ts';
import type { ClientCredentials, CredentialSource, GrantedToken, OAuthRequest } from './oauth-request.ts';
import type { Outcome } from './outcome.ts';
import { pause } from './retry.ts';
import { open, seal } from './seal.ts';
import type { SealedToken, SharedTokenStore } from './shared-token-store.ts';

/** A token is not used any more when less than this is left of it, in milliseconds. */
export const tokenMarginMs = 60_000;

const firstPollMs = 50;
const longestPollMs = 400;
/** With less time left than this, a container that waits for another one asks Genesys itself. */
const selfServeBelowMs = 1500;
/** Time that ending a lease may take after the callers' time is over. */
const leaseEndGraceMs = 300;

/** Name of a client's shared token in the table; holds no secret. */
export const sharedTokenKey = (loginUrl: string, { clientId }: ClientCredentials, scope = ''): string =>
  `oauth#${createHash('sha256')
    .update(JSON.stringify([loginUrl, clientId, scope]))
    .digest('base64url')}`;

const content = v.pipe(v.string(), v.parseJson(), v.object({ value: v.string(), issuedAtMs: v.number() }));

export interface SharedTokenOptions {
  readonly store: SharedTokenStore;
  readonly request: OAuthRequest;
  readonly credentials: CredentialSource;
  readonly keyOf: (secret: ClientCredentials) => string;
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
  readonly random: () => number;
}

/** The tier of the OAuth token that all containers share: one of them asks Genesys, the others wait for it. */
export const createSharedToken = (options: SharedTokenOptions) => {
  const { store, request, credentials, keyOf, clock, telemetry, random } = options;
  const purposeOf = (key: string): string => `oauth-token:${key}`;

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
    entry: SealedToken | undefined,
    key: string,
    { clientSecret }: ClientCredentials,
  ): GrantedToken | undefined => {
    if (entry === undefined || entry.expiresAtMs - tokenMarginMs <= clock.now()) return undefined;
    const parsed = v.safeParse(content, open(entry.sealed, clientSecret, purposeOf(key)));
    if (!parsed.success) return undefined;
    return { ...parsed.output, expiresAtMs: entry.expiresAtMs, clientSecret };
  };

  /** With a token or without one; also when the callers' time is over, since other containers wait for it. */
  const endLease = async (
    key: string,
    owner: string,
    token: GrantedToken | undefined,
    deadline: Deadline,
  ): Promise<void> =>
    await withGrace(clock, deadline, leaseEndGraceMs, async (grace) => {
      if (token === undefined || token.expiresAtMs - tokenMarginMs <= clock.now()) {
        await unlessUnavailable('release', store.release(key, owner, grace));
        return;
      }
      const { value, issuedAtMs, expiresAtMs, clientSecret } = token;
      const sealed = seal(JSON.stringify({ value, issuedAtMs }), clientSecret, purposeOf(key));
      await unlessUnavailable('store', store.store(key, owner, { sealed, expiresAtMs }, grace));
    });

  const askUnderLease = async (
    key: string,
    owner: string,
    deadline: Deadline,
  ): Promise<Outcome<GrantedToken>> => {
    let outcome: Outcome<GrantedToken> | undefined;
    try {
      outcome = await request(deadline);
      return outcome;
    } finally {
      await endLease(key, owner, outcome?.kind === 'ok' ? outcome.value : undefined, deadline);
    }
  };

  /** A token from the table or, under the lease, from Genesys. */
  const throughStore = async (
    refused: string | undefined,
    deadline: Deadline,
  ): Promise<Outcome<GrantedToken>> => {
    const secret = await credentials.current(deadline);
    const key = keyOf(secret);
    let entry = await store.read(key, deadline);
    for (let pollMs = firstPollMs; ; pollMs = Math.min(longestPollMs, pollMs * 2)) {
      const token = tokenOf(entry, key, secret);
      if (token !== undefined && token.value !== refused) {
        telemetry.record('oauth_token_shared');
        return { kind: 'ok', value: token };
      }
      // Not with every poll: while the winner asks, a thousand losers would write in vain.
      if (pollMs === firstPollMs || pollMs === longestPollMs) {
        const lease = await store.lease(key, entry?.version, deadline);
        if (lease !== undefined) return await askUnderLease(key, lease.owner, deadline);
      }
      if (deadline.remainingMs() < selfServeBelowMs) return await request(deadline);
      await pause(clock, pollMs * (0.5 + random() / 2), deadline);
      entry = await store.read(key, deadline);
    }
  };

  return {
    /** A token other than the refused one. If the table fails, this container asks Genesys itself. */
    acquire: async (refused: string | undefined, deadline: Deadline): Promise<Outcome<GrantedToken>> => {
      try {
        return await throughStore(refused, deadline);
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        telemetry.record('token_vault_unavailable', { operation: 'acquire' });
        return await request(deadline);
      }
    },

    /** A newer token than ours: another container's, or a new one if no other container is about to get it. */
    renew: async (ours: GrantedToken, deadline: Deadline): Promise<GrantedToken | undefined> => {
      const secret = await credentials.current(deadline);
      const key = keyOf(secret);
      const entry = await store.read(key, deadline);
      const token = tokenOf(entry, key, secret);
      if (token !== undefined && token.expiresAtMs > ours.expiresAtMs) {
        telemetry.record('oauth_token_shared');
        return token;
      }
      const lease = await store.lease(key, entry?.version, deadline);
      if (lease === undefined) return undefined;
      const outcome = await askUnderLease(key, lease.owner, deadline);
      if (outcome.kind === 'ok') {
        telemetry.record('oauth_token_renewed');
        return outcome.value;
      }
      telemetry.record('oauth_renewal_failed', { reason: outcome.kind });
      return undefined;
    },

    /** Genesys refused a token: it is removed for all, if the table still holds that one. */
    invalidate: async (value: string, deadline: Deadline): Promise<void> => {
      const remove = async () => {
        const secret = await credentials.current(deadline);
        const key = keyOf(secret);
        const entry = await store.read(key, deadline);
        if (entry !== undefined && tokenOf(entry, key, secret)?.value === value) {
          await store.invalidate(key, entry.version, deadline);
        }
      };
      await unlessUnavailable('invalidate', remove());
    },
  };
};
