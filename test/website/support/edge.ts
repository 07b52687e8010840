import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen, type RunningServer, readBody } from '../../../local/http-server.ts';

/** What becomes of a request on its way to the API. */
export type Treatment =
  | 'pass'
  | 'reset'
  | 'hang'
  /** The API serves it, and its response is lost. */
  | 'lose'
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

const corsHeaders = (request: IncomingMessage): Record<string, string> => ({
  'access-control-allow-origin': request.headers.origin ?? '*',
  'access-control-allow-headers': 'content-type, x-session-signature',
  'access-control-expose-headers': 'retry-after, x-request-id',
});

/**
 * What stands between a website and the real API (a CDN, a firewall, the internet), and may fail as those do.
 * Also serves an origin that the API would not (`null`), where `anyOrigin`.
 */
export const startEdge = async (apiUrl: string, port = 0) => {
  const requests: { method: string; url: string; body: string; signature: string | undefined }[] = [];
  const state: {
    treat: () => Treatment | Promise<Treatment>;
    anyOrigin: boolean;
    originAs: string | undefined;
  } = {
    treat: () => 'pass',
    anyOrigin: false,
    originAs: undefined,
  };

  const forward = (request: IncomingMessage, body: Buffer, response: ServerResponse, lose: boolean): void => {
    const { method, url } = request;
    const headers = { ...request.headers };
    if (state.anyOrigin) delete headers.origin;
    if (state.originAs !== undefined) headers.origin = state.originAs;
    const upstream = httpRequest(new URL(url ?? '/', apiUrl), { method, headers, agent: false }, (answer) => {
      if (lose) {
        answer.resume();
        request.socket.resetAndDestroy();
        return;
      }
      response.writeHead(answer.statusCode ?? 500, {
        ...answer.headers,
        ...(state.anyOrigin ? corsHeaders(request) : {}),
      });
      answer.pipe(response);
    });
    upstream.on('error', () => response.destroy());
    upstream.end(body);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '' } = request;
    const body = await readBody(request);
    if (method === 'OPTIONS') {
      if (state.anyOrigin) response.writeHead(204, corsHeaders(request)).end();
      else forward(request, body, response, false);
      return;
    }
    const signature = request.headers['x-session-signature'];
    requests.push({ method, url, body: body.toString(), signature: signature?.toString() });
    const treatment = await state.treat();
    if (treatment === 'hang') return;
    if (treatment === 'reset') request.socket.resetAndDestroy();
    else if (treatment === 'pass' || treatment === 'lose') {
      forward(request, body, response, treatment === 'lose');
    } else {
      response.writeHead(treatment.status, { ...corsHeaders(request), ...treatment.headers });
      response.end(treatment.body);
    }
  };

  let running: RunningServer | undefined;
  const start = async (wanted: number): Promise<RunningServer> => {
    const server = createServer((request, response) => {
      serve(request, response).catch(() => response.destroy());
    });
    return await listen(server, wanted);
  };
  running = await start(port);
  const { url, port: own } = running;
  return {
    endpoint: `${url}${new URL(apiUrl).pathname}`,
    requests,
    /** POST requests only: the client's probe for a server is none that asks for a guest. */
    posts: () => requests.filter(({ method }) => method === 'POST'),
    treat: (rule: () => Treatment | Promise<Treatment>) => {
      state.treat = rule;
    },
    allowAnyOrigin: (any: boolean) => {
      state.anyOrigin = any;
    },
    /** What the API takes the page's origin for. */
    pretendOrigin: (origin: string | undefined) => {
      state.originAs = origin;
    },
    goDown: async () => {
      await running?.close();
      running = undefined;
    },
    comeUp: async () => {
      running = await start(own);
    },
    close: async () => {
      await running?.close();
    },
  };
};
export type Edge = Awaited<ReturnType<typeof startEdge>>;
