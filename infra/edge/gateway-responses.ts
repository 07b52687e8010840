import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { type ProblemCode, problems } from '../../lambda/contract.ts';
import {
  edgeProblem,
  exposedHeaders,
  fixedHeaders,
  gatewayRequestId,
  problemMediaType,
} from './edge-problem.ts';

interface GatewayAnswer {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly status?: number;
  readonly retryAfterSeconds?: number;
}

const wrong: GatewayAnswer = { code: 'internal_error', detail: 'Something went wrong on our side.' };
const refused: GatewayAnswer = { code: 'origin_not_allowed', detail: 'The request was refused.' };
const notJson: GatewayAnswer = {
  code: 'unsupported_media_type',
  detail: 'Send the body as application/json.',
};
const tooMany: GatewayAnswer = {
  code: 'too_many_requests',
  detail: 'Too many requests; please try again later.',
  retryAfterSeconds: 2,
};
const unreadable: GatewayAnswer = {
  code: 'invalid_request',
  detail: 'The body must be a JSON object of the documented form.',
};

/**
 * What API Gateway answers where the function has no say, by response type.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
 */
const answers: Readonly<Record<string, GatewayAnswer>> = {
  DEFAULT_4XX: unreadable,
  DEFAULT_5XX: wrong,
  ACCESS_DENIED: refused,
  WAF_FILTERED: refused,
  BAD_REQUEST_BODY: unreadable,
  BAD_REQUEST_PARAMETERS: unreadable,
  REQUEST_TOO_LARGE: { code: 'payload_too_large', detail: 'The body must be at most 8192 bytes.' },
  UNSUPPORTED_MEDIA_TYPE: notJson,
  THROTTLED: tooMany,
  QUOTA_EXCEEDED: tooMany,
  INTEGRATION_TIMEOUT: {
    code: 'deadline_exceeded',
    detail: 'The request took too long; please try again.',
    retryAfterSeconds: 1,
  },
  INTEGRATION_FAILURE: wrong,
  API_CONFIGURATION_ERROR: wrong,
  // API Gateway's name for an unknown path; known paths answer every method themselves.
  MISSING_AUTHENTICATION_TOKEN: { code: 'invalid_request', detail: 'There is no such path.', status: 404 },
};

/** Every answer of the gateway itself in the API's own problem shape; CORS for the first allowed origin. */
export const addGatewayResponses = (api: RestApi, origins: readonly string[]): void => {
  const [firstOrigin] = origins;
  for (const [type, { code, detail, status = problems[code].status, retryAfterSeconds }] of Object.entries(
    answers,
  )) {
    const headers = {
      ...fixedHeaders,
      'Content-Type': problemMediaType,
      // No logic in these templates: one origin can be named, and another one's browser hides the answer.
      ...(firstOrigin === undefined || firstOrigin === '*'
        ? {}
        : {
            'Access-Control-Allow-Origin': firstOrigin,
            'Access-Control-Expose-Headers': exposedHeaders,
          }),
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
    };
    const problem = edgeProblem(code, detail, { requestId: gatewayRequestId, status, retryAfterSeconds });
    api.addGatewayResponse(`Answer${type}`, {
      type: ResponseType.of(type),
      statusCode: String(status),
      responseHeaders: {
        ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `'${value}'`])),
        'X-Request-Id': 'context.requestId',
      },
      templates: { 'application/json': JSON.stringify(problem) },
    });
  }
};
