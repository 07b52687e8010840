import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';

export interface ProxiedCall {
  readonly operation: string;
  readonly body: string;
}
/**
 * What becomes of a call. `pass`: it goes through; `{ delayMs }`: later; `hang`: never; `refuse`: as DynamoDB
 * refuses an absent table; `throttle`: as it refuses what is beyond a table's capacity; `break`: the connection breaks before the call has any effect; `lose`: it has its
 * effect, then the connection breaks; `unprocessed`: a batch read brings nothing and names all its keys as
 * unprocessed, any other call passes; `{ status }`: refused with this HTTP status.
 */
export type Treatment =
  | 'pass'
  | 'hang'
  | 'refuse'
  | 'throttle'
  | 'break'
  | 'lose'
  | 'unprocessed'
  | { readonly delayMs: number }
  | { readonly status: number };

const contentType = { 'content-type': 'application/x-amz-json-1.0' };

/** Whether a call reads from tables, whichever operation it takes. */
export const isRead = ({ operation }: ProxiedCall): boolean => /Get|Query|Scan/.test(operation);
/** Whether a call writes to tables, whichever operation it takes. */
export const isWrite = ({ operation }: ProxiedCall): boolean => /Put|Update|Delete|Write/.test(operation);
/** Whether a call names a text, such as a table or a session's hash. */
export const names =
  (text: string) =>
  ({ body }: ProxiedCall): boolean =>
    body.includes(`"${text}"`);

/** Stands between the SDK and a DynamoDB (or another service of the same protocol), sees every call and may spoil it. */
export const startDynamoDbProxy = async (target: string) => {
  const calls: ProxiedCall[] = [];
  const underWay = new Set<Promise<void>>();
  const state: { treat: (call: ProxiedCall) => Treatment } = { treat: () => 'pass' };

  const forward = (incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer, lost: boolean) => {
    const { method, url, headers } = incoming;
    const upstream = httpRequest(new URL(url ?? '/', target), { method, headers }, (response) => {
      if (lost) {
        response.resume().on('end', () => incoming.socket.destroy());
        return;
      }
      outgoing.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    const done = new Promise<void>((resolve) => upstream.on('close', resolve));
    underWay.add(done);
    done.then(() => underWay.delete(done));
    upstream.end(body);
  };

  const serve = (incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer): void => {
    const operation = String(incoming.headers['x-amz-target']).split('.')[1] ?? '';
    const call = { operation, body: body.toString() };
    calls.push(call);
    const treatment = state.treat(call);
    switch (treatment) {
      case 'hang':
        return;
      case 'break':
        incoming.socket.destroy();
        return;
      case 'refuse':
        outgoing.writeHead(400, contentType);
        outgoing.end('{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}');
        return;
      case 'throttle':
        outgoing.writeHead(400, contentType);
        outgoing.end('{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}');
        return;
      case 'unprocessed':
        if (operation !== 'BatchGetItem') break;
        outgoing.writeHead(200, contentType);
        outgoing.end(JSON.stringify({ Responses: {}, UnprocessedKeys: JSON.parse(call.body).RequestItems }));
        return;
    }
    if (typeof treatment === 'object' && 'status' in treatment) {
      outgoing.writeHead(treatment.status, contentType);
      outgoing.end('{"__type":"InternalServiceError"}');
      return;
    }
    const pass = () => forward(incoming, outgoing, body, treatment === 'lose');
    if (typeof treatment === 'object' && treatment.delayMs > 0) setTimeout(pass, treatment.delayMs);
    else pass();
  };

  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => serve(incoming, outgoing, Buffer.concat(chunks)));
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
    /** Waits until the service has answered what has gone through to it. */
    answered: async (): Promise<void> => {
      await Promise.all(underWay);
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
