import { randomUUID } from 'node:crypto';

/** An API Gateway proxy event of either format, as far as this service reads it. */
export interface ProxyEvent {
  readonly version?: string;
  readonly httpMethod?: string;
  readonly headers?: Readonly<Record<string, string | undefined>> | null;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[] | undefined>> | null;
  readonly body?: string | null;
  readonly isBase64Encoded?: boolean;
  readonly requestContext?: {
    readonly requestId?: string;
    readonly http?: { readonly method?: string };
  };
}

/** A request, independent of the event's format. The Middy chain works on this, nobody reads the event twice. */
export interface HttpRequest {
  readonly method: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The raw text, and what the JSON body parser makes of it. */
  body: unknown;
  isBase64Encoded: boolean;
  readonly requestId: string;
  /** Epoch milliseconds. */
  readonly receivedAtMs: number;
}

const safeRequestId = /^[\w.=-]{1,128}$/;

const lowerCaseHeaders = ({ headers, multiValueHeaders }: ProxyEvent): Record<string, string | undefined> => {
  const lower: Record<string, string | undefined> = {};
  for (const [name, values] of Object.entries(multiValueHeaders ?? {})) {
    lower[name.toLowerCase()] = values?.at(-1);
  }
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value !== undefined && value !== null) lower[name.toLowerCase()] = value;
  }
  return lower;
};

/**
 * Reads an API Gateway proxy event: payload 1.0 of a REST API, 2.0 of an HTTP API or function URL.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export const readRequest = (
  event: ProxyEvent | null | undefined,
  awsRequestId: string | undefined,
  nowMs: number,
): HttpRequest => {
  const { requestContext, httpMethod, body, isBase64Encoded } = event ?? {};
  const requestId = requestContext?.requestId ?? awsRequestId;
  return {
    method: (requestContext?.http?.method ?? httpMethod ?? '').toUpperCase(),
    headers: lowerCaseHeaders(event ?? {}),
    body: typeof body === 'string' ? body : '',
    isBase64Encoded: isBase64Encoded === true,
    requestId: requestId !== undefined && safeRequestId.test(requestId) ? requestId : randomUUID(),
    receivedAtMs: nowMs,
  };
};

/** Length of the raw body in bytes, after base64 decoding. */
export const bodyBytes = ({
  body,
  isBase64Encoded,
}: Pick<HttpRequest, 'body' | 'isBase64Encoded'>): number =>
  typeof body === 'string' ? Buffer.byteLength(body, isBase64Encoded ? 'base64' : 'utf8') : 0;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The body as text. Bytes that are not UTF-8 are refused: replaced by U+FFFD, different ids would become one.
 * @throws TypeError
 */
export const bodyText = ({
  body,
  isBase64Encoded,
}: Pick<HttpRequest, 'body' | 'isBase64Encoded'>): string => {
  const text = typeof body === 'string' ? body : '';
  return isBase64Encoded ? utf8.decode(Buffer.from(text, 'base64')) : text;
};
