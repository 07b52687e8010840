import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { generate } from 'selfsigned';

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A certificate that is good and one that has ended, both of an authority that containers trust. */
export interface Certificates {
  readonly valid: Certificate;
  readonly expired: Certificate;
  /** What makes Node.js trust both. */
  readonly environment: Readonly<Record<string, string>>;
  remove(): void;
}

const dayMs = 86_400_000;

const keys = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;

/** Makes an authority and certificates for 127.0.0.1 that are good for this run only. */
export const createCertificates = async (): Promise<Certificates> => {
  const nowMs = Date.now();
  const authority = await generate([{ name: 'commonName', value: 'Fault matrix' }], {
    ...keys,
    notBeforeDate: new Date(nowMs - 60 * dayMs),
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'keyUsage', keyCertSign: true },
    ],
  });
  const certificate = async (fromMs: number, untilMs: number): Promise<Certificate> => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
      ...keys,
      ca: { key: authority.private, cert: authority.cert },
      notBeforeDate: new Date(fromMs),
      notAfterDate: new Date(untilMs),
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
    });
    return { key, cert };
  };
  const valid = await certificate(nowMs - dayMs, nowMs + dayMs);
  const expired = await certificate(nowMs - 30 * dayMs, nowMs - dayMs);
  const folder = mkdtempSync(`${tmpdir()}/fault-matrix-`);
  writeFileSync(`${folder}/ca.pem`, authority.cert);
  return {
    valid,
    expired,
    environment: { NODE_EXTRA_CA_CERTS: `${folder}/ca.pem` },
    remove: () => rmSync(folder, { recursive: true }),
  };
};
