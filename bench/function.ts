import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { bundle, functions } from '../infra/build/bundle.ts';
import { startDynamoDb } from '../local/embedded-dynamodb.ts';
import { startGenesysSimulator } from '../local/genesys-simulator.ts';
import { startSecretsManager } from '../local/secrets-manager.ts';
import { type BenchRow, median, type Report } from './table.ts';

const run = promisify(execFile);
const container = fileURLToPath(new URL('./container.mjs', import.meta.url));
const coldStarts = 7;
const warmCalls = 400;

interface Measured {
  readonly importMs: number;
  readonly firstCallMs: number;
  readonly warmCpuUs: number;
  readonly warmMs: number;
  readonly peakRssMb: number;
}

/** The API function as it is deployed, against the same code in a stock bundle: size, cold start, warm calls. */
export const benchFunction = async (report: Report): Promise<readonly BenchRow[]> => {
  const folder = mkdtempSync(`${tmpdir()}/bench-function-`);
  const [tuned, stock] = [`${folder}/tuned.mjs`, `${folder}/stock.mjs`] as const;
  await bundle(functions.init, tuned);
  await bundle(functions.init, stock, { tuned: false });
  const secretId = 'genesys';
  const credentials = { clientId: 'bench', clientSecret: 'bench-secret' };
  const [dynamoDb, secrets, genesys] = await Promise.all([
    startDynamoDb({ tables: { crm: 'crm', guests: 'guests' } }),
    startSecretsManager({ secrets: { [secretId]: JSON.stringify(credentials) } }),
    startGenesysSimulator({ credentials, apiPerMinute: null }),
  ]);
  const env = {
    PATH: process.env['PATH'],
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL_DYNAMODB: dynamoDb.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url,
    GENESYS_SECRET_ID: secretId,
    CRM_TABLE_NAME: 'crm',
    GUEST_TABLE_NAME: 'guests',
    ALLOWED_ORIGINS: '*',
    GENESYS_BASE_URL: genesys.url,
  };
  const measure = async (file: string): Promise<Measured> =>
    JSON.parse((await run(process.execPath, [container, file, String(warmCalls)], { env })).stdout);

  try {
    const results: { tuned: Measured[]; stock: Measured[] } = { tuned: [], stock: [] };
    // A first one, not counted, fills the caches of the file system and the shared token's entry.
    await measure(tuned);
    for (let n = 0; n < coldStarts; n += 1) {
      report(`function: container ${n + 1} of ${coldStarts}`);
      results.tuned.push(await measure(tuned));
      results.stock.push(await measure(stock));
    }
    const row = (what: string, unit: string, figure: (measured: Measured) => number): BenchRow => ({
      what,
      unit,
      value: median(results.tuned.map(figure)),
      baseline: { what: 'stock bundle', value: median(results.stock.map(figure)) },
    });
    const size = (what: string, promise: string, bytes: (file: string) => number): BenchRow => ({
      what,
      unit: 'kB',
      value: bytes(tuned) / 1000,
      baseline: { what: 'stock bundle', value: bytes(stock) / 1000 },
      promise,
    });
    return [
      size('bundle, minified', '≤ 430 kB', (file) => readFileSync(file).length),
      size('bundle, gzip', '≤ 140 kB', (file) => gzipSync(readFileSync(file), { level: 9 }).length),
      row('import + first call', 'ms', ({ importMs, firstCallMs }) => importMs + firstCallMs),
      row('  import', 'ms', ({ importMs }) => importMs),
      row('  first call', 'ms', ({ firstCallMs }) => firstCallMs),
      row('warm call, CPU', 'µs', ({ warmCpuUs }) => warmCpuUs),
      row('warm call, one at a time', 'ms', ({ warmMs }) => warmMs),
      row('peak memory', 'MB', ({ peakRssMb }) => peakRssMb),
    ];
  } finally {
    await Promise.all([dynamoDb.close(), secrets.close(), genesys.close()]);
    rmSync(folder, { recursive: true });
  }
};
