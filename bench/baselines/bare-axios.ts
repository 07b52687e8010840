import http, { type Agent } from 'node:http';
import https from 'node:https';

interface Settings {
  readonly httpAgent: Agent;
  readonly httpsAgent: https.Agent;
  readonly transformResponse: readonly ((text: string) => unknown)[];
  readonly headers: { readonly common: Readonly<Record<string, string>> };
}
interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: string;
  readonly signal: AbortSignal;
}

/* The least that can stand in for axios here: one request by node:http, no size limit, errors as Node throws them. */
const create = ({ httpAgent, httpsAgent, transformResponse: [parse], headers }: Settings) => ({
  request: async (request: Request) =>
    await new Promise((resolve, reject) => {
      const isSecure = request.url.startsWith('https:');
      const options = {
        method: request.method,
        signal: request.signal,
        agent: isSecure ? httpsAgent : httpAgent,
        headers: {
          ...headers.common,
          ...request.headers,
          'content-length': Buffer.byteLength(request.data),
        },
      };
      const sent = (isSecure ? https : http).request(request.url, options, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode, headers: response.headers, data: parse?.(text) }),
        );
      });
      sent.on('error', reject);
      sent.end(request.data);
    }),
});

export default { create };
