import * as v from 'valibot';
import { deadlineExceeded } from '../guest/errors.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import type { CircuitBreaker } from '../time/circuit-breaker.ts';
import type { GenesysEvent } from './events.ts';
import { type Endpoint, type Outcome, unavailable } from './outcome.ts';
import type { Quota } from './quota.ts';
import { parseRetryAfter } from './retry-after.ts';
import {
  type Transport,
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from './transport.ts';
import { correlationId, problemOf } from './upstream-text.ts';

export interface ApiRequest<T> {
  readonly endpoint: Endpoint;
  readonly method: TransportRequest['method'];
  /** Must hold no personal data and no secret. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: { readonly json: unknown } | { readonly form: Readonly<Record<string, string>> };
  /** What a 2xx promises; anything else is `malformed`. */
  readonly schema: v.GenericSchema<unknown, T>;
  readonly deadline: Deadline;
  /** Longest that this attempt may take, in milliseconds, where that is less than the timeout of a call. */
  readonly longestMs?: number | undefined;
}

export interface ApiClient {
  /**
   * One attempt, never longer than the timeout of a call nor than the deadline.
   * @throws GuestError only where nothing was sent: `deadline_exceeded`, or `genesys_unavailable` by the breaker
   */
  send<T>(request: ApiRequest<T>): Promise<Outcome<T>>;
}

export interface ApiClientOptions {
  readonly transport: Transport;
  /** GENESYS_TIMEOUT_MS. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
  readonly breaker: CircuitBreaker;
  readonly quota: Quota;
}

const wireRequest = ({ method, url, headers, body }: ApiRequest<unknown>): TransportRequest => {
  const [contentType, text] =
    'form' in body
      ? ['application/x-www-form-urlencoded', new URLSearchParams(body.form).toString()]
      : ['application/json', JSON.stringify(body.json)];
  return {
    method,
    url,
    headers: { Accept: 'application/json', 'Content-Type': contentType, ...headers },
    body: text,
  };
};

/** Connection failures, timeouts and 5xx: they open the circuit; limits, other 4xx and malformed responses do not. */
const isOutage = (outcome: Outcome<unknown>): boolean =>
  outcome.kind === 'unsent' ||
  outcome.kind === 'lost' ||
  (outcome.kind === 'refused' && outcome.status >= 500);

const correlationIdOf = ({ headers }: TransportResponse): string | undefined =>
  correlationId(headers['inin-correlation-id']);

/** Calls Genesys: one attempt at a time, its response checked against a schema before it is believed. */
export const createApiClient = ({
  transport,
  timeoutMs,
  clock,
  telemetry,
  breaker,
  quota,
}: ApiClientOptions): ApiClient => {
  const interpret = <T>(response: TransportResponse, schema: v.GenericSchema<unknown, T>): Outcome<T> => {
    const { status, headers, body } = response;
    const retryAfterMs = parseRetryAfter(headers['retry-after'], clock.now());
    if (status === 429) return { kind: 'limited', retryAfterMs };
    if (status < 200 || status > 299) {
      const correlationId = correlationIdOf(response);
      return { kind: 'refused', status, retryAfterMs, problem: problemOf(body), correlationId };
    }
    const parsed = v.safeParse(schema, body);
    return parsed.success ? { kind: 'ok', value: parsed.output } : { kind: 'malformed' };
  };

  const attempt = async <T>(request: ApiRequest<T>): Promise<Outcome<T>> => {
    const { endpoint, deadline, schema, longestMs = timeoutMs } = request;
    const startedAtMs = clock.now();
    const { signal, clear } = clock.timeout(Math.min(timeoutMs, longestMs), deadline.signal);
    let outcome: Outcome<T>;
    let response: TransportResponse | undefined;
    let reason: string | undefined;
    try {
      quota.spend(endpoint);
      response = await transport(wireRequest(request), signal);
      if (endpoint !== 'oauth') quota.observe(response.headers);
      outcome = interpret(response, schema);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      reason = signal.aborted ? 'timeout' : error.code;
      const budgetEnded = deadline.signal.aborted || deadline.remainingMs() <= 0;
      outcome = error.kind === 'lost' ? { kind: 'lost', budgetEnded } : { kind: error.kind };
    } finally {
      clear();
    }
    const fields = {
      endpoint,
      outcome: outcome.kind,
      status: response?.status,
      durationMs: clock.now() - startedAtMs,
      correlationId: response && correlationIdOf(response),
    };
    telemetry.record('genesys_called', fields);
    if (isOutage(outcome) || outcome.kind === 'malformed')
      telemetry.record('genesys_failed', { ...fields, reason });
    return outcome;
  };

  return {
    send: async (request) => {
      if (request.deadline.signal.aborted || request.deadline.remainingMs() <= 0) throw deadlineExceeded();
      const suspendedForMs = breaker.suspendedForMs();
      if (suspendedForMs > 0) throw unavailable(suspendedForMs);
      const outcome = await attempt(request);
      breaker.settle(!isOutage(outcome));
      return outcome;
    },
  };
};
