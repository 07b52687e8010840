import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import {
  type AxiosTransportOptions,
  createAxiosTransport,
  transportError,
} from '../../lambda/genesys/axios-transport.ts';
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

/** A server in a thread of its own: it closes its connections while this one stands still. */
const serveInThread = async () => {
  /** Port, connections opened, connections closed. */
  const shared = new Int32Array(new SharedArrayBuffer(12));
  const worker = new Worker(
    `const { workerData: shared } = require('node:worker_threads');
     const server = require('node:http').createServer((request, response) => response.end('{}'));
     server.on('connection', (socket) => {
       Atomics.add(shared, 1, 1);
       setTimeout(() => socket.end(), 300);
       socket.on('close', () => { Atomics.add(shared, 2, 1); Atomics.notify(shared, 2); });
       socket.on('finish', () => { Atomics.add(shared, 2, 1); Atomics.notify(shared, 2); });
     });
     server.listen(0, '127.0.0.1', () => {
       Atomics.store(shared, 0, server.address().port);
       require('node:worker_threads').parentPort.postMessage('listening');
     });`,
    { eval: true, workerData: shared },
  );
  open.push(async () => void (await worker.terminate()));
  await once(worker, 'message');
  return {
    url: `http://127.0.0.1:${Atomics.load(shared, 0)}`,
    opened: () => Atomics.load(shared, 1),
    /** Stands still, as a container between two requests, until the server has ended its connection. */
    freezeUntilClosed: () => {
      const startedAtMs = Date.now();
      Atomics.wait(shared, 2, 0, 20_000);
      const restMs = 1100 - (Date.now() - startedAtMs);
      if (restMs > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, restMs);
    },
  };
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
    const response = await transportOf()(post(`${url}/path`, form, headers), never);
    expect(seen).toEqual(['POST', '/path', 'application/x-www-form-urlencoded', 'y', form]);
    expect(response).toMatchObject({ status: 201, headers: { 'retry-after': '3' }, body: { id: 'ü' } });
  });

  it('says who it is, takes no compressed answer, and goes through no proxy', async () => {
    const seen: unknown[] = [];
    const { url } = await serve((request, response) => {
      seen.push(request.headers['user-agent'], request.headers['accept-encoding']);
      response.end('{}');
    });
    const { http_proxy: before } = process.env;
    process.env['http_proxy'] = 'http://127.0.0.1:9';
    try {
      expect(await transportOf()(post(url), never)).toMatchObject({ status: 200 });
    } finally {
      if (before === undefined) delete process.env['http_proxy'];
      else process.env['http_proxy'] = before;
    }
    expect(seen).toEqual(['guest-profiles', 'identity']);
  });

  it('ends its idle connections when it is closed', async () => {
    const server = await serve((_, response) => response.end('{}'));
    const transport = createAxiosTransport();
    await transport(post(server.url), never);
    expect(server.connections.size).toBe(1);
    transport.close();
    while (server.connections.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it.each([204, 302, 400, 401, 429, 500, 503])('takes %d for a response like any other', async (status) => {
    let requests = 0;
    const { url } = await serve((_, response) => {
      requests += 1;
      response.writeHead(status, { Location: '/elsewhere' }).end();
    });
    expect(await transportOf()(post(url), never)).toMatchObject({ status, body: undefined });
    expect(requests).toBe(1);
  });

  it.each(['', 'garbage', '{"id":', '<html>'])(
    'gives a body that is not JSON as undefined: %j',
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

  it('keeps a connection for less than the 60 s after which Genesys closes it, and uses none that is older', async () => {
    const server = await serve((_, response) => response.end('{}'));
    const transport = transportOf();
    let laterMs = 0;
    const realNow = Date.now;
    const now = jest.spyOn(Date, 'now').mockImplementation(() => realNow() + laterMs);
    try {
      await transport(post(server.url), never);
      laterMs += 45_000;
      await transport(post(server.url), never);
      laterMs += 45_000;
      await transport(post(server.url), never);
      expect(server.opened()).toBe(1);
      laterMs += 55_000;
      await transport(post(server.url), never);
      expect(server.opened()).toBe(2);
    } finally {
      now.mockRestore();
    }
  });

  const requestAfterFreeze = async (wake: () => Promise<unknown>): Promise<void> => {
    const server = await serveInThread();
    const transport = transportOf();
    await transport(post(server.url), never);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await wake();
    server.freezeUntilClosed();
    expect(await transport(post(server.url), never)).toMatchObject({ status: 200 });
    expect(server.opened()).toBe(2);
  };

  it('notices after a freeze that a connection was closed meanwhile, and opens another', async () => {
    await requestAfterFreeze(async () => await new Promise((resolve) => setTimeout(resolve, 20)));
  }, 30_000);

  it('notices it on the arrival of something, too, which is how an invocation starts', async () => {
    await requestAfterFreeze(async () => await stat('.'));
  }, 30_000);

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

  it('knows that a response which is not HTTP is one all the same', async () => {
    const url = await serveBytes((socket) => socket.end('SMTP ready\r\n\r\n'));
    expect(await failureOf(transportOf()(post(url), never))).toMatchObject({ kind: 'malformed' });
  });

  it('does not read a response without end', async () => {
    const { url } = await serve((_, response) => response.end(`"${'x'.repeat(5000)}"`));
    const transport = transportOf({ maxResponseBytes: 1000 });
    expect(await failureOf(transport(post(url), never))).toMatchObject({ kind: 'malformed' });
  });

  it('ends with the signal, and the connection with it', async () => {
    const server = await serve(() => undefined);
    const ending = new AbortController();
    const sending = failureOf(transportOf()(post(server.url), ending.signal));
    while (server.connections.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    ending.abort();
    expect((await sending).kind).toBe('lost');
    while (server.connections.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('puts nothing of the request into its errors', async () => {
    const url = await serveBytes((socket) => socket.resetAndDestroy());
    const request = post(url, '{"email":"jane@example.com"}', { Authorization: 'Bearer token-text' });
    const failure = await failureOf(transportOf()(request, never));
    const all = JSON.stringify([failure, failure.message, String(failure.cause), Object.entries(failure)]);
    expect(all).not.toMatch(/jane|token-text|127\.0\.0\.1/);
  });
});

describe('A failure of the network', () => {
  it.each([
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
  ])('with the code %s is one before anything was sent', (code) => {
    expect(transportError({ code })).toMatchObject({ kind: 'unsent', code });
  });

  it.each(['connect', 'getaddrinfo'])('in the system call %s is one before anything was sent', (syscall) => {
    expect(transportError({ code: 'ETIMEDOUT', cause: { syscall } })).toMatchObject({ kind: 'unsent' });
  });

  it.each([
    ['ETIMEDOUT', { code: 'ETIMEDOUT', cause: { syscall: 'read' } }],
    ['ECONNRESET', { code: 'ECONNRESET', cause: null }],
    ['ERR_CANCELED', { code: 'ERR_CANCELED', message: 'canceled' }],
    [undefined, new Error('of another kind')],
  ])('as %s may have come after everything was sent', (code, failure) => {
    expect(transportError(failure)).toMatchObject({ kind: 'lost', code });
  });

  it.each([
    { code: 'HPE_INVALID_CONSTANT' },
    { code: 'ERR_BAD_RESPONSE', message: 'maxContentLength size of 1000 exceeded' },
  ])('as %j came with a response that cannot be read', (failure) => {
    expect(transportError(failure)).toMatchObject({ kind: 'malformed', code: failure.code });
  });

  it('is written with its kind and its code', () => {
    expect([transportError({ code: 'ECONNRESET' }), transportError({})].map(String)).toEqual([
      'TransportError: no answer (lost, ECONNRESET)',
      'TransportError: no answer (lost)',
    ]);
  });
});
