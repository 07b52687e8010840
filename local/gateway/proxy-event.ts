import type { APIGatewayProxyEvent, APIGatewayProxyEventV2 } from 'aws-lambda';

/** A request as the gateway received it. */
export interface GatewayRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  /** Name, value, name, value … as on the wire. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly sourceIp: string;
  readonly requestId: string;
  readonly atMs: number;
}

const stage = 'local';
const accountId = '000000000000';
const apiId = 'local';

/** Name and value, as they stood on the wire. */
export const headerPairs = (rawHeaders: readonly string[]): [string, string][] =>
  rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? '']] : []));

const grouped = (pairs: Iterable<readonly [string, string]>): Record<string, string[]> => {
  const values: Record<string, string[]> = {};
  for (const [name, value] of pairs) {
    values[name] ??= [];
    values[name]?.push(value);
  }
  return values;
};

const last = (values: Readonly<Record<string, readonly string[]>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, all]) => [name, all.at(-1) ?? '']));

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
/** Common log format, such as `05/Mar/2026:12:00:00 +0000`. */
const requestTime = (atMs: number): string => {
  const [day, clock] = new Date(atMs).toISOString().split('T');
  const [year, month, date] = (day ?? '').split('-');
  return `${date}/${months[Number(month) - 1]}/${year}:${clock?.slice(0, 8)} +0000`;
};

const headerOf = (pairs: readonly (readonly [string, string])[], wanted: string): string | undefined =>
  pairs.find(([name]) => name.toLowerCase() === wanted)?.[1];

const restIdentity = (sourceIp: string, userAgent: string | undefined) => ({
  accessKey: null,
  accountId: null,
  apiKey: null,
  apiKeyId: null,
  caller: null,
  clientCert: null,
  cognitoAuthenticationProvider: null,
  cognitoAuthenticationType: null,
  cognitoIdentityId: null,
  cognitoIdentityPoolId: null,
  principalOrgId: null,
  sourceIp,
  user: null,
  userAgent: userAgent ?? null,
  userArn: null,
});

/**
 * The proxy event of a REST API (payload 1.0).
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
export const restEvent = (request: GatewayRequest): APIGatewayProxyEvent => {
  const { method, path, query, body, requestId, atMs, sourceIp } = request;
  const pairs = headerPairs(request.rawHeaders);
  const multiValueHeaders = grouped(pairs);
  const multiValueQuery = grouped(new URLSearchParams(query));
  return {
    resource: path,
    path,
    httpMethod: method,
    headers: last(multiValueHeaders),
    multiValueHeaders,
    queryStringParameters: query === '' ? null : last(multiValueQuery),
    multiValueQueryStringParameters: query === '' ? null : multiValueQuery,
    pathParameters: null,
    stageVariables: null,
    requestContext: {
      accountId,
      apiId,
      authorizer: null,
      domainName: headerOf(pairs, 'host') ?? 'localhost',
      httpMethod: method,
      identity: restIdentity(sourceIp, headerOf(pairs, 'user-agent')),
      path: `/${stage}${path}`,
      protocol: 'HTTP/1.1',
      requestId,
      requestTime: requestTime(atMs),
      requestTimeEpoch: atMs,
      resourceId: 'local',
      resourcePath: path,
      stage,
    },
    body: body === '' ? null : body,
    isBase64Encoded: false,
  };
};

/**
 * The event of an HTTP API or function URL (payload 2.0): header names in lower case, repeated values joined.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export const httpApiEvent = (request: GatewayRequest): APIGatewayProxyEventV2 => {
  const { method, path, query, body, requestId, atMs, sourceIp } = request;
  const pairs = headerPairs(request.rawHeaders).map(([name, value]) => [name.toLowerCase(), value] as const);
  const cookies = pairs.filter(([name]) => name === 'cookie').flatMap(([, value]) => value.split('; '));
  const joined = Object.entries(grouped(pairs.filter(([name]) => name !== 'cookie'))).map(
    ([name, values]) => [name, values.join(',')] as const,
  );
  const queryValues = Object.entries(grouped(new URLSearchParams(query))).map(
    ([name, values]) => [name, values.join(',')] as const,
  );
  return {
    version: '2.0',
    routeKey: `${method} ${path}`,
    rawPath: path,
    rawQueryString: query,
    ...(cookies.length > 0 ? { cookies } : {}),
    headers: Object.fromEntries(joined),
    ...(query === '' ? {} : { queryStringParameters: Object.fromEntries(queryValues) }),
    requestContext: {
      accountId,
      apiId,
      domainName: headerOf(pairs, 'host') ?? 'localhost',
      domainPrefix: 'local',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp, userAgent: headerOf(pairs, 'user-agent') ?? '' },
      requestId,
      routeKey: `${method} ${path}`,
      stage: '$default',
      time: requestTime(atMs),
      timeEpoch: atMs,
    },
    ...(body === '' ? {} : { body }),
    isBase64Encoded: false,
  };
};
