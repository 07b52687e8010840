import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { generate } from 'selfsigned';

/** TLS in front of the services of a bench, with a certificate of its own. */
export interface TlsFront {
  /** The same environment with https addresses, and the certificate for Node.js to trust. */
  secure(env: Readonly<Record<string, string>>): Record<string, string>;
  /** Handshakes so far: full ones, and those that resumed a session. */
  readonly handshakes: { full: number; resumed: number };
  close(): Promise<void>;
}

const address = /^http:\/\/127\.0\.0\.1:(\d+)/;

/** Terminates TLS on a port for each plain address of the environment and passes the bytes on. */
export const startTlsFront = async (plain: Readonly<Record<string, string>>): Promise<TlsFront> => {
  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  const folder = mkdtempSync(`${tmpdir()}/bench-tls-`);
  writeFileSync(`${folder}/ca.pem`, cert);
  const handshakes = { full: 0, resumed: 0 };
  const fronts = new Map<string, string>();
  const sockets = new Set<TLSSocket>();
  const servers: Server[] = [];
  const ports = Object.values(plain).flatMap((value) => address.exec(value)?.[1] ?? []);
  for (const port of new Set(ports)) {
    const server = createServer({ key, cert, ALPNProtocols: ['http/1.1'] }, (socket) => {
      handshakes[socket.isSessionReused() ? 'resumed' : 'full'] += 1;
      sockets.add(socket);
      const service = connect(Number(port), '127.0.0.1');
      socket.setNoDelay(true);
      service.setNoDelay(true);
      socket.pipe(service).pipe(socket);
      socket.on('error', () => service.destroy());
      service.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        service.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    if (typeof bound === 'object' && bound !== null) fronts.set(port, String(bound.port));
    servers.push(server);
  }
  return {
    handshakes,
    secure: (env) => ({
      ...Object.fromEntries(
        Object.entries(env).map(([name, value]) => [
          name,
          value.replace(address, (whole, port) =>
            fronts.has(port) ? `https://127.0.0.1:${fronts.get(port)}` : whole,
          ),
        ]),
      ),
      NODE_EXTRA_CA_CERTS: `${folder}/ca.pem`,
    }),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map(async (server) => await new Promise((resolve) => server.close(resolve))));
      rmSync(folder, { recursive: true });
    },
  };
};
