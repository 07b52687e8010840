import type { Service } from './dependencies.ts';
import type { WireAnswer, WireCall } from './wire/treatment.ts';

/** The error names that AWS documents for a fault, by service. */
export type AwsErrorName =
  | 'bad-request'
  | 'expired-credentials'
  | 'access-denied'
  | 'not-found'
  | 'throttled'
  | 'internal-error'
  | 'unavailable';

type Error = readonly [status: number, code: string];

/**
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 * @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
const awsErrors: Readonly<Record<'secrets' | 'dynamodb' | 'sqs', Readonly<Record<AwsErrorName, Error>>>> = {
  dynamodb: {
    'bad-request': [400, 'com.amazon.coral.validate#ValidationException'],
    'expired-credentials': [400, 'com.amazon.coral.service#ExpiredTokenException'],
    'access-denied': [400, 'com.amazon.coral.service#AccessDeniedException'],
    'not-found': [400, 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException'],
    throttled: [400, 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException'],
    'internal-error': [500, 'com.amazonaws.dynamodb.v20120810#InternalServerError'],
    unavailable: [503, 'com.amazon.coral.availability#ServiceUnavailable'],
  },
  secrets: {
    'bad-request': [400, 'InvalidRequestException'],
    'expired-credentials': [400, 'ExpiredTokenException'],
    'access-denied': [400, 'AccessDeniedException'],
    'not-found': [400, 'ResourceNotFoundException'],
    throttled: [400, 'ThrottlingException'],
    'internal-error': [500, 'InternalServiceError'],
    unavailable: [503, 'ServiceUnavailableException'],
  },
  sqs: {
    'bad-request': [400, 'com.amazonaws.sqs#InvalidMessageContents'],
    'expired-credentials': [403, 'com.amazon.coral.service#ExpiredTokenException'],
    'access-denied': [403, 'com.amazon.coral.service#AccessDeniedException'],
    'not-found': [400, 'com.amazonaws.sqs#QueueDoesNotExist'],
    throttled: [403, 'com.amazonaws.sqs#RequestThrottled'],
    'internal-error': [500, 'com.amazon.coral.service#InternalFailure'],
    unavailable: [503, 'com.amazon.coral.service#ServiceUnavailable'],
  },
};

/** The texts of a request, as a careless service may repeat them in its error. */
const echoOf = ({ body, headers }: WireCall): string => {
  const values = String(headers['content-type']).includes('json')
    ? [...body.matchAll(/:\s*"((?:[^"\\]|\\.)*)"/g)].map(([, value]) => value)
    : [...new URLSearchParams(body).values()];
  return `${values.join(' ')} ${headers['authorization'] ?? ''}`;
};

/** The answer of an AWS service that fails. */
export const awsError =
  (service: Service, name: AwsErrorName) =>
  (call: WireCall): WireAnswer => {
    const [status, code] = awsErrors[service as 'dynamodb'][name];
    return {
      status,
      headers: { 'content-type': 'application/x-amz-json-1.0' },
      body: { __type: code, message: `Told to fail: ${echoOf(call)}` },
    };
  };

/** How far a client's clock may be off. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html */
const longestSkewMs = 300_000;

/** As AWS treats a signature whose time is too far from its own. */
export const skewedSignature = ({ headers }: WireCall): WireAnswer | undefined => {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers['x-amz-date'])) ?? [];
  const signedAtMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Math.abs(signedAtMs - Date.now()) <= longestSkewMs) return undefined;
  return {
    status: 400,
    headers: { 'content-type': 'application/x-amz-json-1.0' },
    body: {
      __type: 'com.amazon.coral.service#InvalidSignatureException',
      message: `Signature not yet current: ${headers['x-amz-date']} is still later than the time of the service (+ 5 min.)`,
    },
  };
};

/** The codes that Genesys publishes for a status of its platform API. */
const genesysCodes: Readonly<Record<number, string>> = {
  400: 'bad.request',
  401: 'bad.credentials',
  403: 'missing.any.permissions',
  404: 'not.found',
  408: 'request.timeout',
  409: 'general.conflict',
  413: 'request.too.large',
  415: 'unsupported.media.type',
  429: 'too.many.requests.retry.after',
  500: 'internal.server.error',
  502: 'bad.gateway',
  503: 'service.unavailable',
  504: 'gateway.timeout',
};

/** The answer of Genesys with a status, at the token endpoint (RFC 6749) or at the platform API. */
export const genesysError =
  (service: Service, status: number, headers: () => Readonly<Record<string, string>> = () => ({})) =>
  (call: WireCall): WireAnswer => {
    const echo = echoOf(call);
    const oauth = { error: status === 401 ? 'invalid_client' : 'invalid_request', error_description: echo };
    const permission =
      status === 403 ? 'at least one of the following permissions: [externalContacts:contact:enrich]' : '';
    const api = {
      status,
      code: genesysCodes[status] ?? 'error',
      message: `Told to fail: ${echo} ${permission}`,
      contextId: '4cbb8f8e-6b0b-4d1c-9f4b-1d1a4a5b6c7d',
      details: [],
      errors: [],
    };
    return { status, headers: headers(), body: service === 'oauth' ? oauth : api };
  };

/** The token endpoint's own way of limiting: a 400. */
export const oauthLimited = (): WireAnswer => ({
  status: 400,
  body: { error: 'invalid_request', error_description: 'rate limit exceeded for this client' },
});
