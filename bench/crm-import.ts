import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { sampleCustomer } from '../crm/sample/sample-customer.ts';
import { itemFromRecord } from '../lambda/aws/crm-item.ts';
import { hashSession } from '../lambda/guest/session-hash.ts';
import { localCredentials, localRegion } from '../local/embedded-dynamodb.ts';
import { benchFolder, runTool, writeSample } from './crm-tool.ts';
import { type BenchRow, median, type Report } from './table.ts';

const latencyMs = 10;
const loopRows = 2_500;
const importRows = 60_000;
const runs = 3;

type StoreKind = 'embedded' | 'instant';

const startStore = async (kind: StoreKind) => {
  const entry = fileURLToPath(new URL('crm-store-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', entry, kind, String(latencyMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [url] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return {
    url,
    stop: async () => {
      child.stdin.end();
      await once(child, 'close');
    },
  };
};

/** What a script of ten lines does: one BatchWriteItem after the other. Rows a second. */
const loopOfBatches = async (url: string): Promise<number> => {
  const client = new DynamoDBClient({ endpoint: url, region: localRegion, credentials: localCredentials });
  const startedAtMs = performance.now();
  for (let from = 0; from < loopRows; from += 25) {
    const requests = Array.from({ length: 25 }, (_, index) => {
      const { sessionId, loyaltyPoints, newsletter, ...fields } = sampleCustomer(from + index, 2);
      const record = { ...fields, attributes: { loyaltyPoints, newsletter } };
      return { PutRequest: { Item: itemFromRecord(hashSession(sessionId, [])[0], record) } };
    });
    await client.send(new BatchWriteItemCommand({ RequestItems: { crm: requests } }));
  }
  client.destroy();
  return loopRows / ((performance.now() - startedAtMs) / 1000);
};

const compare = async (kind: StoreKind, folder: string, report: Report) => {
  const file = join(folder, `${importRows}.csv`);
  await writeSample(file, importRows);
  const loops: number[] = [];
  const imports: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    report(`CRM tool: importing ${importRows} rows (${kind} store), ${run} of ${runs}`);
    // A new store each time: the embedded one grows slower as it fills.
    const store = await startStore(kind);
    try {
      loops.push(await loopOfBatches(store.url));
      const { rows, durationMs } = await runTool(folder, [
        'import',
        file,
        '--table',
        'crm',
        '--endpoint',
        store.url,
      ]);
      imports.push(rows / (durationMs / 1000));
    } finally {
      await store.stop();
    }
  }
  const store = {
    embedded: `the embedded DynamoDB, ${latencyMs} ms away`,
    instant: `a store that only takes ${latencyMs} ms`,
  };
  return {
    what: `import: ${importRows.toLocaleString('en')} rows, ${store[kind]}`,
    value: median(imports),
    unit: 'rows/s',
    baseline: { what: 'loop of BatchWriteItem of 25', value: median(loops) },
    promise: '≥ 6×',
  };
};

/**
 * `crm import` against stores with 10 ms latency, beside a plain loop. The embedded DynamoDB computes for 4 to 5 ms
 * on each batch, on one core: what can be gained by sending batches at once ends there.
 */
export const benchCrmImport = async (report: Report): Promise<readonly BenchRow[]> => {
  using folder = benchFolder();
  return [await compare('embedded', folder.path, report), await compare('instant', folder.path, report)];
};
