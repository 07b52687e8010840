import { maxBodyBytes, type ProblemCode, problems } from '../../lambda/contract.ts';
import { edgeHeaders, edgeProblem, gatewayRequestId, problemMediaType } from './edge-problem.ts';

/**
 * What API Gateway responds with where the function has no say, by response type. No CDK in here: the local
 * gateway responds from this very table.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
interface GatewayAnswer {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly status?: number;
  readonly retryAfterSeconds?: number;
}

const answers = {
  DEFAULT_4XX: { code: 'invalid_request', detail: 'The request is not of the documented form.' },
  DEFAULT_5XX: { code: 'internal_error', detail: 'Something went wrong on our side.' },
  WAF_FILTERED: { code: 'origin_not_allowed', detail: 'The request was refused.' },
  REQUEST_TOO_LARGE: {
    code: 'payload_too_large',
    detail: `The body must be at most ${maxBodyBytes} bytes.`,
  },
  UNSUPPORTED_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    detail: 'Send the body as application/json.',
  },
  THROTTLED: {
    code: 'too_many_requests',
    detail: 'Too many requests; please try again later.',
    retryAfterSeconds: 2,
  },
  INTEGRATION_TIMEOUT: {
    code: 'deadline_exceeded',
    detail: 'The request took too long; please try again.',
    retryAfterSeconds: 1,
  },
  // The function could not be invoked: nearly always because all its containers are busy.
  INTEGRATION_FAILURE: {
    code: 'genesys_unavailable',
    detail: 'The service is busy; please try again.',
    retryAfterSeconds: 2,
  },
  // API Gateway's name for an unknown path; known paths respond to every method themselves.
  MISSING_AUTHENTICATION_TOKEN: { code: 'invalid_request', detail: 'There is no such path.', status: 404 },
} as const satisfies Readonly<Record<string, GatewayAnswer>>;

export type GatewayAnswerType = keyof typeof answers;
export const gatewayAnswerTypes = Object.keys(answers) as GatewayAnswerType[];

/** One gateway response as it is deployed: `$context.requestId` in `template` is filled in by API Gateway. */
export interface DeployedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly template: string;
}

export const gatewayAnswer = (type: GatewayAnswerType): DeployedAnswer => {
  const { code, detail, status = problems[code].status, retryAfterSeconds }: GatewayAnswer = answers[type];
  return {
    status,
    headers: {
      ...edgeHeaders,
      'Content-Type': problemMediaType,
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
    },
    template: JSON.stringify(
      edgeProblem(code, detail, { requestId: gatewayRequestId, status, retryAfterSeconds }),
    ),
  };
};
