import { createServer, request as httpRequest } from 'node:http';

/** Stands before a server, counts the connections that clients open, and keeps idle ones for a minute. */
export const startConnectionCounter = async (target: string) => {
  let connections = 0;
  const server = createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const upstream = httpRequest(
      new URL(url ?? '/', target),
      { method, headers, agent: false },
      (response) => {
        const { connection: _, 'keep-alive': __, ...passed } = response.headers;
        outgoing.writeHead(response.statusCode ?? 500, passed);
        response.pipe(outgoing);
      },
    );
    upstream.on('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The counter has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    connections: () => connections,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
