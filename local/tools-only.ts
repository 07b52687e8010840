import type { IncomingMessage, RequestListener, Server } from 'node:http';

/**
 * Of any port: what comes under a loopback name was not sent to a name that an attacker's DNS points here, and a
 * proxy of a test keeps the signed `Host` of its own port.
 */
export const loopbackHost = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;

/**
 * Why a request is not from a tool on this machine; `undefined` where it is. Any page that a developer visits may
 * send requests to 127.0.0.1, and a DNS name of its own may point there.
 */
export const refusalOf = ({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined => {
  if (headers.origin !== undefined) return 'Requests of web pages are refused.';
  // An address that a person types is `none`; an image, script or form of a page is not.
  if (!['none', undefined].includes(headers['sec-fetch-site']?.toString())) {
    return 'Requests of web pages are refused.';
  }
  if (!loopbackHost.test(headers.host ?? '')) return 'Only 127.0.0.1 and localhost are served.';
  return undefined;
};

/** Whether a request comes from another page than one of this server itself, or under a foreign host name. */
export const foreignPage = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean => {
  const { host = '', origin } = headers;
  const site = headers['sec-fetch-site']?.toString();
  return (
    !loopbackHost.test(host) ||
    (origin !== undefined && origin !== `http://${host}`) ||
    !['same-origin', 'none', undefined].includes(site)
  );
};

/** Serves tools on this machine; pages and foreign host names get 403 and no CORS headers. */
export const toolsOnly =
  (serve: RequestListener): RequestListener =>
  (request, response) => {
    const refusal = refusalOf(request);
    if (refusal === undefined) {
      serve(request, response);
      return;
    }
    response.writeHead(403, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify({ message: refusal }));
  };

/** Puts something before the listeners that a server brings itself. */
export const wrapRequests = (server: Server, wrap: (serve: RequestListener) => RequestListener): void => {
  const listeners = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request').on(
    'request',
    wrap((request, response) => {
      for (const listener of listeners) listener(request, response);
    }),
  );
};
