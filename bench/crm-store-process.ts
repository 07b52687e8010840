import { createServer } from 'node:http';
import { startDynamoDb } from '../local/embedded-dynamodb.ts';
import { listen } from '../local/http-server.ts';

// A process of its own: a store that is some milliseconds away. Tells its URL, runs until its stdin ends.
// `embedded`: the embedded DynamoDB, whose own computing takes most of the time. `instant`: takes everything
// and computes nothing, as a real DynamoDB looks to one client.
const [kind, latency] = process.argv.slice(2);
const latencyMs = Number(latency);

const instant = createServer((request, response) => {
  request
    .resume()
    .on('end', () => (latencyMs > 0 ? setTimeout(() => response.end('{}'), latencyMs) : response.end('{}')));
});

const { url } = kind === 'embedded' ? await startDynamoDb({ latencyMs }) : await listen(instant);
process.stdout.write(`${url}\n`);
process.stdin.resume().on('end', () => process.exit(0));
