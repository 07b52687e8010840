import {
  type IResource,
  type MethodOptions,
  MockIntegration,
  PassthroughBehavior,
} from 'aws-cdk-lib/aws-apigateway';
import type { Construct } from 'constructs';
import { type ProblemCode, problems, signatureHeader } from '../../lambda/contract.ts';
import { accept } from '../accepted-findings.ts';
import {
  edgeProblem,
  exposedHeaders,
  fixedHeaders,
  gatewayRequestId,
  problemMediaType,
} from './edge-problem.ts';
import { statusByOrigin, withAllowedOrigin } from './origin-templates.ts';

/** One answer of a mock method. */
interface MockAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Velocity. */
  readonly template: string;
}

const quoted = (text: string): string => `'${text}'`;
const corsHeader = 'Access-Control-Allow-Origin';

const methodHeaders = ({ headers }: MockAnswer): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries({ ...fixedHeaders, ...headers, 'Access-Control-Expose-Headers': exposedHeaders }).map(
      ([name, value]) => [`method.response.header.${name}`, quoted(value)],
    ),
  ),
  'method.response.header.X-Request-Id': 'context.requestId',
});

/** A method that API Gateway answers by itself, without any function. `choose` is the template that picks the status. */
const addMock = (
  resource: IResource,
  method: string,
  choose: string,
  answers: readonly MockAnswer[],
  options: MethodOptions = {},
): Construct =>
  resource.addMethod(
    method,
    new MockIntegration({
      passthroughBehavior: PassthroughBehavior.NEVER,
      requestTemplates: { 'application/json': choose },
      integrationResponses: answers.map((answer) => ({
        statusCode: String(answer.status),
        selectionPattern: String(answer.status),
        responseParameters: methodHeaders(answer),
        responseTemplates: { 'application/json': answer.template },
      })),
    }),
    {
      ...options,
      methodResponses: answers.map((answer) => ({
        statusCode: String(answer.status),
        responseParameters: {
          ...Object.fromEntries(Object.keys(methodHeaders(answer)).map((name) => [name, true])),
          [`method.response.header.${corsHeader}`]: true,
        },
      })),
    },
  );

const problemAnswer = (
  origins: readonly string[],
  code: ProblemCode,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
  retryAfterSeconds?: number,
): MockAnswer => ({
  status: problems[code].status,
  headers: {
    'Content-Type': problemMediaType,
    ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
    ...headers,
  },
  template: withAllowedOrigin(
    origins,
    JSON.stringify(edgeProblem(code, detail, { requestId: gatewayRequestId, retryAfterSeconds })),
  ),
});

/** `OPTIONS`: 204 for an allowed origin, 403 for another. */
export const addPreflight = (resource: IResource, origins: readonly string[]): void => {
  const allowed: MockAnswer = {
    status: 204,
    headers: {
      'Access-Control-Allow-Methods': 'POST, OPTIONS',
      'Access-Control-Allow-Headers': `Content-Type, ${signatureHeader}`,
      'Access-Control-Max-Age': '600',
    },
    template: withAllowedOrigin(origins),
  };
  const refused = problemAnswer(origins, 'origin_not_allowed', 'This origin may not use the API.');
  const method = addMock(resource, 'OPTIONS', statusByOrigin(origins, 204, 403), [allowed, refused]);
  accept(
    method,
    ['AwsSolutions-APIG4'],
    'A browser sends its CORS preflight without credentials, and it is answered by a mock.',
  );
};

/** Every other method: 405. */
export const addMethodNotAllowed = (resource: IResource, origins: readonly string[]): void => {
  const refused = problemAnswer(origins, 'method_not_allowed', 'Use POST.', { Allow: 'POST, OPTIONS' });
  const method = addMock(resource, 'ANY', '{"statusCode": 405}', [refused]);
  accept(
    method,
    ['AwsSolutions-APIG4', 'AwsSolutions-COG4'],
    'Answered by a mock that always refuses; there is nothing behind it to protect.',
  );
};

/** The kill switch in place of the function: 503 with `Retry-After`. */
export const addClosed = (
  resource: IResource,
  origins: readonly string[],
  retryAfterSeconds: number,
): Construct =>
  addMock(resource, 'POST', '{"statusCode": 503}', [
    problemAnswer(
      origins,
      'genesys_unavailable',
      'The chat is closed for the moment; please try again later.',
      {},
      retryAfterSeconds,
    ),
  ]);
