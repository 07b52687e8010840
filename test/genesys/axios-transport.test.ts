import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type AxiosTransportOptions, createAxiosTransport } from '../../lambda/genesys/axios-transport.ts';
import { TransportError } from '../../lambda/genesys/transport.ts';

type Listener = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const listening = async (server: Pick<Server, 'listen' | 'address' | 'once'>): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** A server with its connections counted. */
const serve = async (listener: Listener) => {
  const connections = new Set<Socket>();
  let opened = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => listener(request, response, body));
  });
  server.on('connection', (socket) => {
    opened += 1;
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
  });
  const url = await listening(server);
  open.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url, connections, opened: () => opened };
};

/** A server below HTTP: writes what it is told to whoever has sent something. */
const serveBytes = async (answer: (socket: Socket) => void) => {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => answer(socket));
  });
  const url = await listening(server as unknown as Server);
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return url;
};

const transportOf = (options?: AxiosTransportOptions) => {
  const transport = createAxiosTransport(options);
  open.push(() => transport.close());
  return transport;
};
const post = (url: string, body = '{}', headers: Record<string, string> = {}) => ({
  method: 'POST' as const,
  url,
  headers: { 'Content-Type': 'application/json', ...headers },
  body,
});
const never = new AbortController().signal;
const failureOf = async (work: Promise<unknown>): Promise<TransportError> => {
  const failure = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(TransportError);
  return failure as TransportError;
};

describe('the transport', () => {
  it('sends the request as it is and gives back status, headers and JSON', async () => {
    const seen: unknown[] = [];
    const { url } = await serve((request, response, body) => {
      seen.push(request.method, request.url, request.headers['content-type'], request.headers['x-a'], body);
      response.writeHead(201, { 'Content-Type': 'application/json', 'Retry-After': '3' }).end('{"id":"ü"}');
    });
    const form = 'a=1&b=%2B';
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'X-A': 'y' };
    const answer = await transportOf()(post(`${url}/path`, form, headers), never);
    expect(seen).toEqual(['POST', '/path', 'application/x-www-form-urlencoded', 'y', form]);
    expect(answer).toMatchObject({ status: 201, headers: { 'retry-after': '3' }, body: { id: 'ü' } });
  });

  it.each([204, 302, 400, 401, 429, 500, 503])('takes %d for an answer like any other', async (status) => {
    let requests = 0;
    const { url } = await serve((_, response) => {
      requests += 1;
      response.writeHead(status, { Location: '/elsewhere' }).end();
    });
    expect(await transportOf()(post(url), never)).toMatchObject({ status, body: undefined });
    expect(requests).toBe(1);
  });

  it.each(['', 'garbage', '{"id":', '<html>'])(
    'gives a body that is no JSON as undefined: %j',
    async (text) => {
      const { url } = await serve((_, response) => response.end(text));
      expect(await transportOf()(post(url), never)).toMatchObject({ status: 200, body: undefined });
    },
  );

  it('keeps the connection for the next request', async () => {
    const server = await serve((_, response) => response.end('{}'));
    const transport = transportOf();
    for (let request = 0; request < 3; request += 1) await transport(post(server.url), never);
    expect(server.opened()).toBe(1);
  });

  it('does not use a connection that was idle for too long: Genesys may have closed it while we were frozen', async () => {
    const server = await serve((_, response) => response.end('{}'));
    const transport = transportOf({ maxIdleMs: 30 });
    await transport(post(server.url), never);
    await new Promise((resolve) => setTimeout(resolve, 60));
    await transport(post(server.url), never);
    expect(server.opened()).toBe(2);
  });

  it('knows that a refused connection brought nothing', async () => {
    const { url } = await serve(() => undefined);
    await open.pop()?.();
    expect(await failureOf(transportOf()(post(url), never))).toMatchObject({
      kind: 'unsent',
      code: 'ECONNREFUSED',
    });
  });

  it('knows that an unknown host was sent nothing', async () => {
    const failure = await failureOf(transportOf()(post('http://no-such-host.invalid/'), never));
    expect(failure.kind).toBe('unsent');
    expect(failure.message).not.toContain('no-such-host');
  });

  it.each<[string, (socket: Socket) => void]>([
    ['closed', (socket) => socket.end()],
    ['reset', (socket) => socket.resetAndDestroy()],
    ['closed within the head', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-')],
    ['closed within the body', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"id"')],
  ])('does not know what became of a request whose connection was %s', async (_, answer) => {
    expect(await failureOf(transportOf()(post(await serveBytes(answer)), never))).toMatchObject({
      kind: 'lost',
    });
  });

  it('knows that an answer which is no HTTP is one all the same', async () => {
    const url = await serveBytes((socket) => socket.end('SMTP ready\r\n\r\n'));
    expect(await failureOf(transportOf()(post(url), never))).toMatchObject({ kind: 'malformed' });
  });

  it('does not read an answer without end', async () => {
    const { url } = await serve((_, response) => response.end(`"${'x'.repeat(5000)}"`));
    const transport = transportOf({ maxAnswerBytes: 1000 });
    expect(await failureOf(transport(post(url), never))).toMatchObject({ kind: 'malformed' });
  });

  it('ends with the signal, and the connection with it', async () => {
    const server = await serve(() => undefined);
    const startedAt = Date.now();
    const failure = await failureOf(transportOf()(post(server.url), AbortSignal.timeout(50)));
    expect(failure.kind).toBe('lost');
    expect(Date.now() - startedAt).toBeLessThan(1000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(server.connections.size).toBe(0);
  });

  it('puts nothing of the request into its errors', async () => {
    const url = await serveBytes((socket) => socket.resetAndDestroy());
    const request = post(url, '{"email":"jane@example.com"}', { Authorization: 'Bearer token-text' });
    const failure = await failureOf(transportOf()(request, never));
    const all = JSON.stringify([failure, failure.message, String(failure.cause), Object.entries(failure)]);
    expect(all).not.toMatch(/jane|token-text|127\.0\.0\.1/);
  });
});
