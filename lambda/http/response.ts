import { signatureHeader } from '../contract.ts';
import type { HttpRequest } from './request.ts';

/** A proxy response that both payload formats accept. */
export interface ProxyResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type AllowedOrigins = '*' | ReadonlySet<string>;

/** Requests without `Origin` do not come from a page: they need no permission. */
export const isAllowedOrigin = (origin: string | undefined, allowed: AllowedOrigins): boolean =>
  origin === undefined || allowed === '*' || allowed.has(origin);

const corsHeaders = (request: HttpRequest, allowed: AllowedOrigins): Record<string, string> => {
  const { origin } = request.headers;
  if (origin === undefined || !isAllowedOrigin(origin, allowed)) return {};
  return {
    // Always the exact origin, also where every origin is allowed.
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': 'Retry-After, X-Request-Id',
    ...(request.method === 'OPTIONS'
      ? {
          'Access-Control-Allow-Methods': 'POST, OPTIONS',
          'Access-Control-Allow-Headers': `Content-Type, ${signatureHeader}`,
          'Access-Control-Max-Age': '600',
        }
      : {}),
  };
};

/** Builds every response of the API: the fixed headers are on all of them. */
export const respond = (
  request: HttpRequest,
  allowed: AllowedOrigins,
  statusCode: number,
  body: object | undefined,
  headers: Readonly<Record<string, string>> = {},
): ProxyResponse => ({
  statusCode,
  headers: {
    ...(body === undefined ? {} : { 'Content-Type': 'application/json; charset=utf-8' }),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Request-Id': request.requestId,
    Vary: 'Origin',
    ...corsHeaders(request, allowed),
    ...headers,
  },
  body: body === undefined ? '' : JSON.stringify(body),
});
