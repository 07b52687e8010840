import {
  type IResource,
  type MethodOptions,
  MockIntegration,
  PassthroughBehavior,
} from 'aws-cdk-lib/aws-apigateway';
import type { Construct } from 'constructs';
import { accept } from '../accepted-findings.ts';
import {
  closedAnswers,
  type MockAnswer,
  type MockMethod,
  methodNotAllowedAnswers,
  preflightAnswers,
} from './mock-answers.ts';

const methodHeaders = ({ headers }: MockAnswer): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [`method.response.header.${name}`, `'${value}'`]),
  ),
  'method.response.header.X-Request-Id': 'context.requestId',
});

/** A method that API Gateway responds to by itself, without any function. */
const addMock = (
  resource: IResource,
  method: string,
  { choose, answers }: MockMethod,
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
          'method.response.header.Access-Control-Allow-Origin': true,
        },
      })),
    },
  );

/** `OPTIONS`: 204 for an allowed origin, 403 for another. */
export const addPreflight = (resource: IResource, origins: readonly string[]): void => {
  accept(
    addMock(resource, 'OPTIONS', preflightAnswers(origins)),
    ['AwsSolutions-APIG4'],
    'A browser sends its CORS preflight without credentials, and a mock responds to it.',
  );
};

/** Every other method: 405. */
export const addMethodNotAllowed = (resource: IResource, origins: readonly string[]): void => {
  accept(
    addMock(resource, 'ANY', methodNotAllowedAnswers(origins)),
    ['AwsSolutions-APIG4', 'AwsSolutions-COG4'],
    'A mock that always refuses; there is nothing behind it to protect.',
  );
};

/** The kill switch in place of the function: 503 with `Retry-After`. */
export const addClosed = (
  resource: IResource,
  origins: readonly string[],
  retryAfterSeconds: number,
): Construct => addMock(resource, 'POST', closedAnswers(origins, retryAfterSeconds));
