import { type Problem, type ProblemCode, problems } from '../../lambda/contract.ts';

interface EdgeProblemOptions {
  /** What fills `requestId`: a variable of API Gateway, where it fills in templates. */
  readonly requestId: string;
  readonly status?: number;
  readonly retryAfterSeconds?: number | undefined;
}

/** The API's own error body, for requests that never reach the function. */
export const edgeProblem = (
  code: ProblemCode,
  detail: string,
  { requestId, status = problems[code].status, retryAfterSeconds }: EdgeProblemOptions,
): Problem => ({
  type: `urn:problem:${code}`,
  title: problems[code].title,
  status,
  detail,
  error: detail,
  code,
  requestId,
  retryable: problems[code].retryable,
  ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
});

/** API Gateway's id of a request, in templates. */
export const gatewayRequestId = '$context.requestId';

/** Headers of every response, beside `X-Request-Id` and CORS. */
export const fixedHeaders = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  Vary: 'Origin',
} as const;

export const problemMediaType = 'application/problem+json';
export const exposedHeaders = 'Retry-After, X-Request-Id';

/**
 * Headers of what gateway and firewall respond by themselves. They have no logic to name the caller's own origin,
 * and hold nothing of a visitor: any page may read them, so that one of each allowed origin can.
 */
export const edgeHeaders = {
  ...fixedHeaders,
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': exposedHeaders,
} as const;
