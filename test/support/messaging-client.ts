import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';

export interface ReceivedFrame {
  readonly type: string;
  readonly class: string;
  readonly code: number;
  // biome-ignore lint/suspicious/noExplicitAny: a JSON body is looked into freely by tests
  readonly body: any;
  readonly tracingId?: string;
}

export const deploymentId = '5b7e2c1d-4f3a-4e6b-9c8d-7a6b5c4d3e2f';

/** A raw client of the guest protocol, as a page or the mobile SDK would be. */
export const connectMessaging = async (
  url: string,
  { origin, deployment = deploymentId }: { readonly origin?: string; readonly deployment?: string } = {},
) => {
  const socket = new WebSocket(
    `${url}/v1?deploymentId=${deployment}`,
    origin === undefined ? {} : { origin },
  );
  const unread: ReceivedFrame[] = [];
  const waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const resume of waiting.splice(0)) resume();
  };
  let isClosed = false;
  socket.on('message', (data) => {
    unread.push(JSON.parse(String(data)));
    wake();
  });
  socket.on('close', () => {
    isClosed = true;
    wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (_, response) =>
      reject(new Error(`refused with ${response.statusCode}`)),
    );
    socket.once('error', reject);
  });
  const woken = () => new Promise<void>((resolve) => waiting.push(resolve));

  const next = async (): Promise<ReceivedFrame> => {
    for (;;) {
      const frame = unread.shift();
      if (frame !== undefined) return frame;
      if (isClosed) throw new Error('The connection is closed.');
      await woken();
    }
  };
  const send = (request: unknown): void =>
    socket.send(typeof request === 'string' ? request : JSON.stringify(request));
  const ask = (request: unknown): Promise<ReceivedFrame> => {
    send(request);
    return next();
  };
  return {
    send,
    next,
    /** Sends a request and reads the next frame. */
    ask,
    configure: (token: string, more: object = {}) =>
      ask({ action: 'configureSession', token, deploymentId: deployment, ...more }),
    say: (token: string, text: string, customAttributes?: Readonly<Record<string, string>>) =>
      ask({
        action: 'onMessage',
        token,
        message: {
          type: 'Text',
          text,
          ...(customAttributes === undefined ? {} : { channel: { metadata: { customAttributes } } }),
        },
        tracingId: randomUUID(),
      }),
    sendBinary: () => socket.send(Buffer.from('binary')),
    /** Resolves once the server has closed the connection. */
    closed: async (): Promise<void> => {
      while (!isClosed) await woken();
    },
    close: () => socket.close(),
  };
};
export type MessagingClient = Awaited<ReturnType<typeof connectMessaging>>;
