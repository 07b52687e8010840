import { type ProblemCode, problems } from '../../lambda/contract.ts';
import { edgeHeaders, edgeProblem } from './edge-problem.ts';

/** What the firewall responds with. No CDK in here: the local gateway limits by address with this very response. */
export const refusals = {
  too_many_requests: 'Too many requests from your address; please try again later.',
  origin_not_allowed: 'The API is not available from where you are.',
} as const satisfies Partial<Record<ProblemCode, string>>;
export type Refusal = keyof typeof refusals;

const retryAfterSeconds = 60;

/** The firewall cannot fill in anything; API Gateway's own header of the response carries the id. */
const requestId = 'see the x-amzn-requestid header';

export const refusalBody = (code: Refusal): string =>
  JSON.stringify(
    edgeProblem(code, refusals[code], {
      requestId,
      ...(problems[code].retryable ? { retryAfterSeconds } : {}),
    }),
  );

export const refusalHeaders = (code: Refusal): Readonly<Record<string, string>> => ({
  ...edgeHeaders,
  ...(problems[code].retryable ? { 'Retry-After': String(retryAfterSeconds) } : {}),
});
