import type { ServerResponse } from 'node:http';
import velocity from 'velocityjs';
import { refusalBody, refusalHeaders, type refusals } from '../../infra/edge/firewall-answers.ts';
import { type GatewayAnswerType, gatewayAnswer } from '../../infra/edge/gateway-answers.ts';
import {
  closedAnswers,
  type MockMethod,
  methodNotAllowedAnswers,
  preflightAnswers,
} from '../../infra/edge/mock-answers.ts';
import { problems } from '../../lambda/contract.ts';
import { type GatewayRequest, headerPairs } from './proxy-event.ts';

/** What the edge is, beside the function: the settings that the stack deploys it with. */
export interface EdgeSettings {
  readonly origins: readonly string[];
  /** The kill switch: seconds of `Retry-After`. */
  readonly closedRetryAfterSeconds?: number | undefined;
}

interface Rendered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const send = (response: ServerResponse, { status, headers, body }: Rendered): void => {
  response.writeHead(status, headers);
  response.end(status === 204 ? undefined : body);
};

/** A response that API Gateway makes itself, from the resources that are deployed. */
export const sendGatewayAnswer = (
  response: ServerResponse,
  type: GatewayAnswerType,
  requestId: string,
): void => {
  const { status, headers, template } = gatewayAnswer(type);
  send(response, {
    status,
    headers: { ...headers, 'X-Request-Id': requestId },
    body: template.replaceAll('$context.requestId', requestId),
  });
};

/** The firewall's response to an address that asks too often. */
export const sendAddressLimited = (response: ServerResponse): void => {
  const code = 'too_many_requests' satisfies keyof typeof refusals;
  send(response, {
    status: problems[code].status,
    headers: { ...refusalHeaders(code), 'Content-Type': 'application/json' },
    body: refusalBody(code),
  });
};

const render = (
  template: string,
  { rawHeaders, requestId }: GatewayRequest,
  header: Record<string, string>,
): string => {
  // Header names are case-sensitive in templates, as they are at AWS.
  const headers = Object.fromEntries(headerPairs(rawHeaders));
  return velocity.render(template, {
    input: { params: () => ({ header: { get: (name: string) => headers[name] ?? '' } }) },
    context: { requestId, responseOverride: { header } },
  });
};

/** Runs a mock method as API Gateway does: request template, choice by status, response template. */
const runMock = ({ choose, answers }: MockMethod, request: GatewayRequest): Rendered => {
  const { statusCode } = JSON.parse(render(choose, request, {}));
  const answer = answers.find(({ status }) => status === statusCode);
  if (answer === undefined) throw new Error(`The mock has no response for status ${statusCode}.`);
  const overrides: Record<string, string> = {};
  const body = render(answer.template, request, overrides).trim();
  return {
    status: answer.status,
    headers: { ...answer.headers, 'X-Request-Id': request.requestId, ...overrides },
    body,
  };
};

/** The mock method that is deployed for a method of the route; undefined where the function serves it. */
const mockFor = (
  method: string,
  { origins, closedRetryAfterSeconds }: EdgeSettings,
): MockMethod | undefined => {
  if (method === 'OPTIONS') return preflightAnswers(origins);
  if (method !== 'POST') return methodNotAllowedAnswers(origins);
  return closedRetryAfterSeconds === undefined ? undefined : closedAnswers(origins, closedRetryAfterSeconds);
};

/** Mock methods have a template for JSON only, which is what no content type counts as. */
const isJson = ({ rawHeaders }: GatewayRequest): boolean => {
  const [, type = 'application/json'] =
    headerPairs(rawHeaders).find(([name]) => name.toLowerCase() === 'content-type') ?? [];
  return type.split(';')[0]?.trim().toLowerCase() === 'application/json';
};

/** Responds in place of the function, where the deployed API does. @returns whether it did */
export const sendMockAnswer = (
  response: ServerResponse,
  request: GatewayRequest,
  settings: EdgeSettings,
): boolean => {
  const mock = mockFor(request.method, settings);
  if (mock === undefined) return false;
  if (isJson(request)) send(response, runMock(mock, request));
  else sendGatewayAnswer(response, 'UNSUPPORTED_MEDIA_TYPE', request.requestId);
  return true;
};
