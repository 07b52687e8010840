import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { loopbackHost } from '../../tools-only.ts';
import type { Conversation, Conversations } from '../conversations.ts';
import type { Settings } from '../settings.ts';
import { createRate } from './rate.ts';
import { message } from './responses.ts';
import type { Connection, Sessions } from './sessions.ts';
import { createVisitor } from './visitor.ts';

export interface WebMessagingOptions {
  readonly sessions: Sessions;
  readonly conversations: Conversations;
  readonly settings: () => Settings;
  readonly startFlow: (conversation: Conversation) => void;
  readonly now: () => number;
}

/** Largest frame that is read, in bytes: the longest message and its custom attributes, with room to spare. */
const maxFrameBytes = 64 * 1024;
const policyViolation = 1008;

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
};

const refuse = (socket: Duplex, status: number): void => {
  socket.end(`HTTP/1.1 ${status} ${reasons[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
};

const isAllowed = (origin: string | undefined, allowed: Settings['messagingOrigins']): boolean => {
  if (allowed === '*') return true;
  if (allowed !== 'loopback') return allowed.includes(origin ?? '');
  return origin === undefined || loopbackHost.test(origin.replace(/^http:\/\//, ''));
};

const connectionOf = (socket: WebSocket): Connection => ({
  send: (frame) => socket.send(JSON.stringify(frame)),
  end: (reason) => {
    socket.send(JSON.stringify(message('ConnectionClosedEvent', reason === undefined ? {} : { reason })));
    socket.close(1000);
  },
});

/**
 * Serves `/v1?deploymentId=…` of an HTTP server as Web Messaging's WebSocket.
 * @returns ends all sockets
 */
export const serveWebMessaging = (server: Server, options: WebMessagingOptions): (() => void) => {
  const { settings, now } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes });
  const connectRate = createRate(60_000);

  /** Why a handshake is refused; 0 where it is not. */
  const refusalOf = ({ headers, url = '/' }: IncomingMessage): number => {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    const { messagingDeploymentId, messagingOrigins, connectionsPerMinute } = settings();
    if (pathname !== '/v1') return 404;
    if (!loopbackHost.test(headers.host ?? '')) return 403;
    if (!isAllowed(headers.origin, messagingOrigins)) return 403;
    if (searchParams.get('deploymentId') !== messagingDeploymentId) return 400;
    return connectRate.take(connectionsPerMinute, now()) > 0 ? 429 : 0;
  };

  const serve = (socket: WebSocket): void => {
    const visitor = createVisitor({
      ...options,
      connection: connectionOf(socket),
      deploymentId: settings().messagingDeploymentId,
    });
    socket.on('message', (data, isBinary) => {
      if (isBinary) socket.close(policyViolation);
      else visitor.receive(String(data));
    });
    socket.on('close', () => visitor.leave());
    // Such as a frame that is too large: ws closes the socket.
    socket.on('error', () => undefined);
  };

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined);
    const status = refusalOf(request);
    if (status > 0) refuse(socket, status);
    else sockets.handleUpgrade(request, socket, head, serve);
  });
  return () => {
    for (const socket of sockets.clients) socket.terminate();
  };
};
