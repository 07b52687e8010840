import { type IncomingMessage, type RequestListener, Server } from 'node:http';

/** Something a person can mend; its message is one whole sentence, shown without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** Ends open connections too. */
  close(): Promise<void>;
}

/** Longest request body that a local service reads, in bytes. */
const maxRequestBytes = 16 * 1024 * 1024;

/**
 * Listens on the loopback interface; port 0 takes a free one.
 * @throws StartError when the port is taken or may not be used
 */
export const listen = async (handler: RequestListener | Server, port = 0): Promise<RunningServer> => {
  const server = handler instanceof Server ? handler : new Server(handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        reject(
          new StartError(
            `Port ${port} is in use; stop what uses it or choose another port with --port or PORT.`,
          ),
        );
      } else if (error.code === 'EACCES') {
        reject(new StartError(`Port ${port} may not be used by this user; choose one above 1023.`));
      } else reject(error);
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${actual}`,
    port: actual,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error === undefined || error === null ? resolve() : reject(error)));
        server.closeAllConnections();
      }),
  };
};

/** The whole body. @throws when the client leaves early or sends more than 16 MiB */
export const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxRequestBytes) throw new Error('The request body is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};
