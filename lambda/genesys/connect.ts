import type { Clock, Telemetry } from '../guest/ports.ts';
import { createCircuitBreaker } from '../time/circuit-breaker.ts';
import { createApiClient } from './api-client.ts';
import { type Call, createCall } from './call-policy.ts';
import type { GenesysEvent } from './events.ts';
import type { CredentialSource, CredentialStyle } from './oauth-request.ts';
import { createOAuthToken, type OAuthToken } from './oauth-token.ts';
import { createQuota, type Quota } from './quota.ts';
import type { SharedTokenStore } from './shared-token-store.ts';
import type { Transport } from './transport.ts';

export interface ConnectOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
  readonly loginUrl: string;
  /** Longest that one attempt takes. */
  readonly timeoutMs: number;
  readonly credentials: CredentialSource;
  readonly style: CredentialStyle;
  readonly scope?: string | undefined;
  /** Where containers share the OAuth token; without one, it is this process's own. */
  readonly store?: SharedTokenStore | undefined;
  readonly random?: (() => number) | undefined;
}

/** What callers of Genesys Cloud share in one process. */
export interface Connection {
  readonly call: Call;
  readonly oauth: OAuthToken;
  readonly quota: Quota;
}

/** Genesys fails this often in a row before calls to it are suspended. */
const failures = 5;
const openMs = 10_000;

/** Connects a process to Genesys Cloud: one circuit breaker, one quota and one OAuth token for all of its calls. */
export const connect = (options: ConnectOptions): Connection => {
  const { clock, telemetry } = options;
  const breaker = createCircuitBreaker({
    clock,
    failures,
    openMs,
    onOpen: () => telemetry.record('breaker_opened', { openMs }),
    onClose: () => telemetry.record('breaker_closed'),
  });
  const quota = createQuota({ clock, telemetry });
  const client = createApiClient({ ...options, breaker, quota });
  const oauth = createOAuthToken({ ...options, client });
  return { call: createCall({ ...options, client, oauth }), oauth, quota };
};
