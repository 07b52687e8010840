import { createServer, request as httpRequest } from 'node:http';

export interface ProxiedCall {
  readonly operation: string;
  readonly body: string;
}
/** What becomes of a call: it goes through, later, never, or is refused as DynamoDB refuses an absent table. */
export type Treatment = 'pass' | 'hang' | 'refuse' | { readonly delayMs: number };

/** Stands between the SDK and the embedded DynamoDB, sees every call and may spoil it. */
export const startDynamoDbProxy = async (target: string) => {
  const calls: ProxiedCall[] = [];
  const state: { treat: (call: ProxiedCall) => Treatment } = { treat: () => 'pass' };
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const body = Buffer.concat(chunks);
      const operation = String(incoming.headers['x-amz-target']).split('.')[1] ?? '';
      const call = { operation, body: body.toString() };
      calls.push(call);
      const treatment = state.treat(call);
      if (treatment === 'hang') return;
      if (treatment === 'refuse') {
        outgoing.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
        outgoing.end('{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}');
        return;
      }
      const forward = () => {
        const { method, url, headers } = incoming;
        const upstream = httpRequest(new URL(url ?? '/', target), { method, headers }, (answer) => {
          outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
          answer.pipe(outgoing);
        });
        upstream.on('error', () => outgoing.destroy());
        upstream.end(body);
      };
      setTimeout(forward, treatment === 'pass' ? 0 : treatment.delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The proxy has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    treat: (rule: (call: ProxiedCall) => Treatment) => {
      state.treat = rule;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
