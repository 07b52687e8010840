import { randomUUID } from 'node:crypto';

/** What the simulated Genesys answers. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error answer, thrown from anywhere below the router. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(readonly answer: Answer) {
    super(`Refused with ${answer.status}`);
  }
}

/** The error body of Genesys' platform API (`ErrorBody` in its SDK). */
export const errorBody = (
  status: number,
  code: string,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
) => ({ message, code, status, contextId: randomUUID(), details: [], errors: [], ...more });

export const refuse = (
  status: number,
  code: string,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
): Refusal => new Refusal({ status, body: errorBody(status, code, message, more) });

interface LimitOptions {
  /** What `Retry-After` says; the truth by default, no header where it is empty. */
  readonly retryAfter?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

const retryAfterHeader = (seconds: number, retryAfter = String(seconds)) =>
  retryAfter === '' ? {} : { 'retry-after': retryAfter };

/** The published body and header of a platform API limit. */
export const limitedAnswer = (seconds: number, { retryAfter, headers = {} }: LimitOptions = {}): Answer => ({
  status: 429,
  headers: { ...headers, ...retryAfterHeader(seconds, retryAfter) },
  body: errorBody(
    429,
    'too.many.requests.retry.after',
    `Rate limit exceeded the maximum. Retry the request in [${seconds}] seconds`,
  ),
});

/** An error of the token endpoint. */
export const oauthRefusal = (
  status: number,
  error: string,
  description: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal =>
  new Refusal({
    status,
    headers: { 'cache-control': 'no-store', ...headers },
    body: { error, description, error_description: description },
  });

/** The token endpoint's own way of limiting. */
export const oauthLimited = (seconds: number, { retryAfter }: LimitOptions = {}): Answer =>
  oauthRefusal(
    400,
    'invalid_request',
    'rate limit exceeded; too many token requests for this client',
    retryAfterHeader(seconds, retryAfter),
  ).answer;
