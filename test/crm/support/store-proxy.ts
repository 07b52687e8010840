import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';

interface BatchWrite {
  readonly RequestItems: Record<string, { PutRequest: { Item: { sessionHash: { S: string } } } }[]>;
}

/** What the proxy does to a call instead of passing it on as it is; `lose` passes it on and loses the response. */
export type Trouble = 'throttle' | 'leave-half' | 'fail' | 'deny' | 'refuse' | 'silence' | 'lose' | undefined;

export interface StoreProxyOptions {
  readonly latencyMs?: number;
  /** Asked for every call. */
  readonly trouble?: (operation: string, call: number, body: string) => Trouble;
}

export interface StoreProxy {
  readonly url: string;
  /** How often each key was put, with calls that reached the store. */
  readonly puts: ReadonlyMap<string, number>;
  readonly calls: () => number;
  /** Most calls that were under way at once. */
  readonly peak: () => number;
  /** No trouble from now on. */
  heal(): void;
  close(): Promise<void>;
}

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const errorOf = (name: string) =>
  JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: name });

/** A DynamoDB between the tool and the embedded one: slow, short of capacity, or leaving items unprocessed. */
export const startStoreProxy = async (
  target: string,
  options: StoreProxyOptions = {},
): Promise<StoreProxy> => {
  const { latencyMs = 0 } = options;
  let { trouble = () => undefined } = options;
  const puts = new Map<string, number>();
  let calls = 0;
  let underWay = 0;
  let peak = 0;

  const forward = (incoming: IncomingMessage, body: Buffer) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const headers = {
        ...incoming.headers,
        host: new URL(target).host,
        'content-length': String(body.length),
      };
      const outgoing = request(target, { method: 'POST', headers }, (answer) => {
        bodyOf(answer).then(
          (text) => resolve({ status: answer.statusCode ?? 500, text: text.toString() }),
          reject,
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });

  const answer = async (incoming: IncomingMessage): Promise<{ status: number; text: string }> => {
    const operation = String(incoming.headers['x-amz-target']).split('.')[1] ?? '';
    calls += 1;
    const body = await bodyOf(incoming);
    const kind = trouble(operation, calls, body.toString());
    if (kind === 'silence') return await new Promise(() => undefined);
    if (kind === 'refuse') return { status: 400, text: errorOf('ValidationException') };
    if (kind === 'deny') return { status: 400, text: errorOf('AccessDeniedException') };
    if (latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, latencyMs));
    if (kind === 'throttle') return { status: 400, text: errorOf('ProvisionedThroughputExceededException') };
    if (kind === 'fail') return { status: 500, text: errorOf('InternalServerError') };
    if (kind === 'lose') {
      await forward(incoming, body);
      return { status: 500, text: errorOf('InternalServerError') };
    }
    if (operation !== 'BatchWriteItem') return await forward(incoming, body);
    const { RequestItems } = JSON.parse(body.toString()) as BatchWrite;
    const [table = '', requests = []] = Object.entries(RequestItems)[0] ?? [];
    const taken = kind === 'leave-half' ? requests.slice(0, Math.ceil(requests.length / 2)) : requests;
    for (const { PutRequest } of taken) {
      const key = PutRequest.Item.sessionHash.S;
      puts.set(key, (puts.get(key) ?? 0) + 1);
    }
    const passed = await forward(incoming, Buffer.from(JSON.stringify({ RequestItems: { [table]: taken } })));
    const left = requests.slice(taken.length);
    if (passed.status !== 200 || left.length === 0) return passed;
    return { status: 200, text: JSON.stringify({ UnprocessedItems: { [table]: left } }) };
  };

  const server = createServer((incoming, outgoing) => {
    underWay += 1;
    peak = Math.max(peak, underWay);
    answer(incoming)
      .catch(() => ({ status: 503, text: errorOf('ServiceUnavailable') }))
      .then(({ status, text }) => {
        underWay -= 1;
        outgoing.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.0' }).end(text);
      });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    puts,
    calls: () => calls,
    peak: () => peak,
    heal: () => {
      trouble = () => undefined;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
