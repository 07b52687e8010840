import { type ProblemCode, problems, signatureHeader } from '../../lambda/contract.ts';
import {
  edgeProblem,
  exposedHeaders,
  fixedHeaders,
  gatewayRequestId,
  problemMediaType,
} from './edge-problem.ts';
import { statusByOrigin, withAllowedOrigin } from './origin-templates.ts';

/** A method that API Gateway responds to by itself. No CDK in here: the local gateway runs these very templates. */
export interface MockMethod {
  /** Velocity that chooses the status. */
  readonly choose: string;
  readonly answers: readonly MockAnswer[];
}

export interface MockAnswer {
  readonly status: number;
  /** Beside `X-Request-Id` and the origin's own CORS header. */
  readonly headers: Readonly<Record<string, string>>;
  /** Velocity of the body; it writes the CORS header, too. */
  readonly template: string;
}

const answer = (status: number, headers: Readonly<Record<string, string>>, template: string): MockAnswer => ({
  status,
  headers: { ...fixedHeaders, ...headers, 'Access-Control-Expose-Headers': exposedHeaders },
  template,
});

const problemAnswer = (
  origins: readonly string[],
  code: ProblemCode,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
  retryAfterSeconds?: number,
): MockAnswer =>
  answer(
    problems[code].status,
    {
      'Content-Type': problemMediaType,
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
      ...headers,
    },
    withAllowedOrigin(
      origins,
      JSON.stringify(edgeProblem(code, detail, { requestId: gatewayRequestId, retryAfterSeconds })),
    ),
  );

/** `OPTIONS`: 204 for an allowed origin, 403 for another. */
export const preflightAnswers = (origins: readonly string[]): MockMethod => ({
  choose: statusByOrigin(origins, 204, 403),
  answers: [
    answer(
      204,
      {
        'Access-Control-Allow-Methods': 'POST, OPTIONS',
        'Access-Control-Allow-Headers': `Content-Type, ${signatureHeader}`,
        'Access-Control-Max-Age': '600',
      },
      withAllowedOrigin(origins),
    ),
    problemAnswer(origins, 'origin_not_allowed', 'This origin may not use the API.'),
  ],
});

/** Every other method: 405. */
export const methodNotAllowedAnswers = (origins: readonly string[]): MockMethod => ({
  choose: '{"statusCode": 405}',
  answers: [problemAnswer(origins, 'method_not_allowed', 'Use POST.', { Allow: 'POST, OPTIONS' })],
});

/** The kill switch in place of the function: 503 with `Retry-After`. */
export const closedAnswers = (origins: readonly string[], retryAfterSeconds: number): MockMethod => ({
  choose: '{"statusCode": 503}',
  answers: [
    problemAnswer(
      origins,
      'genesys_unavailable',
      'The chat is closed for the moment; please try again later.',
      {},
      retryAfterSeconds,
    ),
  ],
});
