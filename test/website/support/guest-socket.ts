import { once } from 'node:events';
import { type WebSocket, WebSocketServer } from 'ws';

/** The other end of Web Messaging's guest protocol, as far as a conversation needs it. */
export const startGuestSocket = async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const received: Record<string, unknown>[] = [];
  const say = (socket: WebSocket, type: string, kind: string, body: unknown): void =>
    socket.send(JSON.stringify({ type, class: kind, code: 200, body }));
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const request = JSON.parse(String(data));
      received.push(request);
      if (request.action === 'configureSession') {
        say(socket, 'response', 'SessionResponse', { connected: true, newSession: true });
        return;
      }
      const { text } = request.message;
      say(socket, 'response', 'StructuredMessage', { direction: 'Inbound', type: 'Text', text });
      say(socket, 'message', 'StructuredMessage', {
        direction: 'Outbound',
        type: 'Text',
        text: `You wrote: ${text}`,
      });
    });
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The socket has no port.');
  return {
    url: `ws://127.0.0.1:${address.port}/v1?deploymentId=d-1`,
    received,
    expire: () => {
      for (const socket of server.clients) say(socket, 'message', 'SessionExpiredEvent', {});
    },
    close: async () => {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
