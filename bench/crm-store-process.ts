import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { startDynamoDb } from '../local/embedded-dynamodb.ts';

// A process of its own: a store that is some milliseconds away. Tells its URL, runs until its stdin ends.
// `embedded`: the embedded DynamoDB, whose own computing takes most of the time. `instant`: takes everything
// and computes nothing, as a real DynamoDB looks to one client.
const [kind, latency] = process.argv.slice(2);
const latencyMs = Number(latency);

/** Delays whatever the client sends; answers pass at once. */
const delayed = (target: URL): Server =>
  createServer((client) => {
    const store = connect(Number(target.port), target.hostname);
    client.on('data', (chunk) => setTimeout(() => store.write(chunk), latencyMs));
    client.on('close', () => store.destroy()).on('error', () => store.destroy());
    store.on('close', () => client.destroy()).on('error', () => client.destroy());
    store.pipe(client);
  });

const instant = (): Server =>
  createHttpServer((request, response) => {
    request.resume().on('end', () => setTimeout(() => response.end('{}'), latencyMs));
  });

const embedded = async (): Promise<Server> =>
  delayed(new URL((await startDynamoDb({ tables: { crm: 'crm', guests: 'guests' } })).url));

const server = kind === 'embedded' ? await embedded() : instant();
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume().on('end', () => process.exit(0));
