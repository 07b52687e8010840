import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, Server as HttpsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { matchEndpoint } from '../../../local/genesys/endpoints.ts';
import type { Certificates } from './certificates.ts';
import { type Original, spoil } from './spoil.ts';
import type { WireCall, WireFault } from './treatment.ts';

/** Stands before a service, passes calls on, and spoils those that it is told to. */
export interface FaultFront {
  readonly url: string;
  /** Calls since `clear`, oldest first. */
  readonly calls: readonly WireCall[];
  /** How often the fault has met a call or a connection since `clear`; a refused connection leaves no trace. */
  readonly met: number;
  clear(): void;
  begin(fault: WireFault): Promise<void>;
  end(): Promise<void>;
  close(): Promise<void>;
}

const operationOf = ({ method = '', url = '/', headers }: IncomingMessage): string =>
  String(headers['x-amz-target'] ?? '').split('.')[1] ??
  matchEndpoint(method, new URL(url, 'http://127.0.0.1').pathname)?.endpoint ??
  url;

/** Fetches the true answer: the call has its effect. */
const forward = async (target: string, incoming: IncomingMessage, body: Buffer): Promise<Original> =>
  await new Promise((resolve, reject) => {
    const { method, url, headers } = incoming;
    const upstream = httpRequest(new URL(url ?? '/', target), { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 500,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    upstream.on('error', reject);
    upstream.end(body);
  });

const isOfConnection = ({ treatment }: WireFault): boolean =>
  treatment.kind === 'refused' || treatment.kind === 'expired-certificate';

/** Starts a front; over TLS where certificates are given. */
export const startFaultFront = async (target: string, certificates?: Certificates): Promise<FaultFront> => {
  let fault: WireFault | undefined;
  let calls: WireCall[] = [];
  let met = 0;
  let port = 0;

  const listen = async (): Promise<void> => {
    for (let tries = 0; !server.listening; tries += 1) {
      try {
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject);
          server.listen(port, '127.0.0.1', () => {
            server.off('error', reject);
            resolve();
          });
        });
      } catch (error) {
        // Between two faults somebody else may hold the port for a moment.
        if (tries > 20) throw error;
        await sleep(50);
      }
    }
  };

  const spoilConnections = ({ treatment: { kind } }: WireFault): void => {
    if (kind === 'refused') server.close();
    else if (server instanceof HttpsServer && certificates !== undefined)
      server.setSecureContext(certificates.expired);
  };

  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse, body: Buffer): Promise<void> => {
    const call = { operation: operationOf(incoming), headers: incoming.headers, body: body.toString() };
    calls.push(call);
    const now = fault;
    if (now === undefined || isOfConnection(now)) {
      const begins = now?.beginsAfter?.(call) === true;
      const original = await forward(target, incoming, body);
      if (begins && now !== undefined) spoilConnections(now);
      outgoing.writeHead(original.status, {
        ...original.headers,
        ...(begins ? { connection: 'close' } : {}),
      });
      outgoing.end(original.body);
      return;
    }
    const original = async () => await forward(target, incoming, body);
    const isMet = now.matches(call) && (await spoil(now.treatment, call, original, incoming, outgoing));
    if (isMet) met += 1;
    if (isMet || outgoing.headersSent || incoming.socket.destroyed) return;
    const { status, headers, body: text } = await original();
    outgoing.writeHead(status, headers).end(text);
  };

  const handle = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A container that is stopped leaves its calls behind.
    incoming.on('end', () => {
      serve(incoming, outgoing, Buffer.concat(chunks)).catch(() => outgoing.destroy());
    });
  };
  const server =
    certificates === undefined ? createServer(handle) : createHttpsServer(certificates.valid, handle);
  const meets = (): void => {
    if (fault?.treatment.kind === 'expired-certificate') met += 1;
  };
  server.on('tlsClientError', meets);
  // With TLS 1.3 a server learns of a refused certificate after the handshake.
  server.on('secureConnection', meets);
  await listen();
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;

  return {
    url: `http${certificates === undefined ? '' : 's'}://127.0.0.1:${port}`,
    get calls() {
      return calls;
    },
    get met() {
      return met;
    },
    clear: () => {
      calls = [];
      met = 0;
    },
    begin: async (next) => {
      fault = next;
      if (!isOfConnection(next) || next.beginsAfter !== undefined) return;
      spoilConnections(next);
      server.closeAllConnections();
    },
    end: async () => {
      fault = undefined;
      server.closeAllConnections();
      if (server instanceof HttpsServer && certificates !== undefined)
        server.setSecureContext(certificates.valid);
      await listen();
    },
    close: async () => {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
};
