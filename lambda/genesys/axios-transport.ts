import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import axios from 'axios';
import { type Transport, TransportError } from './transport.ts';

export interface AxiosTransportOptions {
  /** Largest response that is read, in bytes. */
  readonly maxResponseBytes?: number;
}

/** Codes of failures before anything was sent: name resolution and connecting. */
const unsentCodes = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Idle connections older than this are closed instead of used. */
const maxIdleMs = 50_000;
/** A connection that was idle for longer may have been closed without our noticing, while the container was frozen. */
const longestUnnoticedMs = 1000;
const nextTurn = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

/** What a failure without a response means: nothing was sent, a response was lost, or one came that cannot be read. */
export const transportError = (error: unknown): TransportError => {
  const { code, message, cause } = error as { code?: string; message?: string; cause?: unknown };
  const { syscall } = (cause ?? {}) as { syscall?: string };
  if (code === undefined) return new TransportError('lost', undefined);
  if (unsentCodes.has(code) || syscall === 'connect' || syscall === 'getaddrinfo') {
    return new TransportError('unsent', code);
  }
  const notHttp = code.startsWith('HPE_');
  const tooLarge = message?.startsWith('maxContentLength') ?? false;
  return new TransportError(notHttp || tooLarge ? 'malformed' : 'lost', code);
};

/**
 * Keeps connections alive and remembers since when each has been idle. A container may be frozen for minutes
 * between two requests: a connection that Genesys has closed meanwhile would lose the next request on it.
 * AWS' load balancers, behind which Genesys Cloud runs, close idle connections after 60 s by default; a shorter
 * limit here costs a quiet site a TLS handshake on nearly every request.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
 */
const keepAlive = <A extends typeof http.Agent | typeof https.Agent>(Base: A) => {
  const idleSince = new WeakMap<Socket, number>();
  const agent = new Base({ keepAlive: true });
  agent.on('free', (socket: Socket) => idleSince.set(socket, Date.now()));
  const idle = (): readonly Socket[] => Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? []);
  const closeStale = async (): Promise<void> => {
    const nowMs = Date.now();
    const ages = idle().map((socket) => [socket, nowMs - (idleSince.get(socket) ?? 0)] as const);
    for (const [socket, idleMs] of ages) if (idleMs > maxIdleMs) socket.destroy();
    if (!ages.some(([, idleMs]) => idleMs > longestUnnoticedMs)) return;
    // After a freeze, the end of a connection lies unread until the event loop polls: a turn that starts in the
    // poll phase, as an invocation does, comes before that, so it takes two.
    await nextTurn();
    await nextTurn();
  };
  return { agent, closeStale };
};

const parseJson = (text: unknown): unknown => {
  try {
    return typeof text === 'string' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
};

/** The transport over node:http and node:https by axios. `close` ends its idle connections. */
export const createAxiosTransport = ({
  maxResponseBytes = 256 * 1024,
}: AxiosTransportOptions = {}): Transport & { close(): void } => {
  const plain = keepAlive(http.Agent);
  const secure = keepAlive(https.Agent);
  const client = axios.create({
    adapter: 'http',
    httpAgent: plain.agent,
    httpsAgent: secure.agent,
    maxRedirects: 0,
    proxy: false,
    decompress: false,
    responseType: 'text',
    maxContentLength: maxResponseBytes,
    validateStatus: () => true,
    transformRequest: [(body) => body],
    transformResponse: [parseJson],
    headers: { common: { 'Accept-Encoding': 'identity', 'User-Agent': 'guest-profiles' } },
  });

  const send: Transport = async ({ method, url, headers, body }, signal) => {
    await Promise.all([plain.closeStale(), secure.closeStale()]);
    try {
      const response = await client.request({ method, url, headers: { ...headers }, data: body, signal });
      return {
        status: response.status,
        headers: Object.fromEntries(
          Object.entries(response.headers).map(([name, value]) => [
            name.toLowerCase(),
            value === undefined || value === null ? undefined : String(value),
          ]),
        ),
        body: response.data,
      };
    } catch (error) {
      throw transportError(error);
    }
  };
  return Object.assign(send, {
    close: () => {
      plain.agent.destroy();
      secure.agent.destroy();
    },
  });
};
