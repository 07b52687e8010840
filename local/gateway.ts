import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { initPath } from '../lambda/contract.ts';
import type { Route } from './agent-routes.ts';
import type { CallJournal } from './gateway/call-journal.ts';
import {
  type EdgeSettings,
  sendAddressLimited,
  sendGatewayAnswer,
  sendMockAnswer,
} from './gateway/deployed-edge.ts';
import { createLimits, type EdgeLimits } from './gateway/limits.ts';
import { type GatewayRequest, httpApiEvent, restEvent } from './gateway/proxy-event.ts';
import { sendMessage, sendProxyResponse } from './gateway/proxy-response.ts';
import { listen, type RunningServer, readBody } from './http-server.ts';
import { invoke, type LambdaHandler } from './lambda-runtime.ts';

/** A file of the page, by its path. */
export interface Asset {
  readonly contentType: string;
  readonly body: string | Uint8Array;
  /** Instead of those that every file of the pages has. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface GatewayOptions {
  readonly port?: number;
  readonly handler: LambdaHandler;
  readonly functionName?: string;
  /** Time limit of the function. */
  readonly timeoutMs?: number;
  /** Which event format the function gets. */
  readonly payload?: '1.0' | '2.0';
  /** The edge of the deployed REST API; without it, the function gets every method, as from an HTTP API. */
  readonly edge?: () => EdgeSettings;
  readonly limits?: EdgeLimits;
  readonly assets?: () => ReadonlyMap<string, Asset>;
  /** Asked before the assets; answers what is its own. */
  readonly routes?: Route;
  /** Where the pages may connect to beside the gateway itself, such as `ws://127.0.0.1:5000`. */
  readonly connectSources?: () => readonly string[];
  /** Adds `Server-Timing` to answers. */
  readonly journal?: CallJournal;
  readonly onError?: (error: unknown) => void;
}

/** What lies below is the API's, everything else the page's. */
const apiFolder = '/api/';

const pageHeaders = (connectSources: readonly string[]) => ({
  'cache-control': 'no-store',
  'content-security-policy':
    `default-src 'none'; script-src 'self'; style-src 'self'; connect-src ${["'self'", ...connectSources].join(' ')}; ` +
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
});

const readRequest = async (request: IncomingMessage, url: URL): Promise<GatewayRequest> => ({
  method: request.method ?? 'GET',
  path: url.pathname,
  query: url.search.slice(1),
  rawHeaders: request.rawHeaders,
  body: (await readBody(request)).toString('utf8'),
  sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
  requestId: randomUUID(),
  atMs: Date.now(),
});

/**
 * API Gateway and web server for one machine: the route goes to the function, everything else to the page.
 * @throws StartError when the port cannot be used
 */
export const startGateway = async ({
  port,
  handler,
  functionName = 'init',
  timeoutMs = 10_000,
  payload = '1.0',
  edge,
  limits = {},
  assets = () => new Map(),
  routes = () => false,
  connectSources = () => [],
  journal,
  onError,
}: GatewayOptions): Promise<RunningServer> => {
  const exceeded = createLimits(limits, Date.now);

  const callFunction = async (received: GatewayRequest, response: ServerResponse): Promise<void> => {
    const startedAtMs = performance.now();
    const event = payload === '1.0' ? restEvent(received) : httpApiEvent(received);
    try {
      const returned = await invoke(handler, event, { functionName, timeoutMs });
      const timing = journal?.serverTiming(startedAtMs) ?? '';
      const total = `function;dur=${(performance.now() - startedAtMs).toFixed(1)};desc="Function"`;
      sendProxyResponse(
        response,
        returned,
        journal === undefined ? {} : { 'Server-Timing': [total, timing].filter(Boolean).join(', ') },
      );
    } catch (error) {
      onError?.(error);
      sendGatewayAnswer(response, 'DEFAULT_5XX', received.requestId);
    }
  };

  /** In the order of the deployed API: firewall, throttle, then the route's methods. */
  const serveApi = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
    const received = await readRequest(request, url);
    const { requestId } = received;
    response.setHeader('x-amzn-requestid', requestId);
    const limit = exceeded(received);
    if (limit === 'address') sendAddressLimited(response);
    else if (limit === 'throttle') sendGatewayAnswer(response, 'THROTTLED', requestId);
    else if (url.pathname !== initPath)
      sendGatewayAnswer(response, 'MISSING_AUTHENTICATION_TOKEN', requestId);
    else if (edge === undefined || !sendMockAnswer(response, received, edge())) {
      await callFunction(received, response);
    }
  };

  const servePage = (request: IncomingMessage, response: ServerResponse, { pathname }: URL): void => {
    const asset = assets().get(pathname);
    if (asset === undefined) {
      sendMessage(response, 404, 'Not Found');
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      sendMessage(response, 405, 'Method Not Allowed');
      return;
    }
    response.writeHead(200, {
      ...pageHeaders(connectSources()),
      ...asset.headers,
      'content-type': asset.contentType,
    });
    response.end(request.method === 'HEAD' ? undefined : asset.body);
  };

  return await listen((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (!url.pathname.startsWith(apiFolder)) {
      if (!routes(request, response, url)) servePage(request, response, url);
      return;
    }
    serveApi(request, response, url).catch((error: unknown) => {
      if (response.destroyed) return;
      onError?.(error);
      response.destroy();
    });
  }, port);
};
