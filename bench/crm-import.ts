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

const startStore = async (kind: StoreKind, latency = latencyMs) => {
  const entry = fileURLToPath(new URL('crm-store-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', entry, kind, String(latency)], {
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

const parallelLoops = 16;

/** What the embedded store takes at most, however many clients send at once. Rows a second. */
const ceilingOf = async (url: string): Promise<number> => {
  const rates = await Promise.all(Array.from({ length: parallelLoops }, () => loopOfBatches(url)));
  return rates.reduce((sum, rate) => sum + rate, 0);
};

/** Without any latency: what the tool itself can do, and what the embedded store allows. */
const withoutLatency = async (folder: string, report: Report): Promise<readonly BenchRow[]> => {
  const file = join(folder, `${importRows}.csv`);
  const importInto = async (url: string) =>
    await runTool(folder, ['import', file, '--table', 'crm', '--endpoint', url]);
  const perCore: number[] = [];
  const wall: number[] = [];
  const embedded: number[] = [];
  const ceilings: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    report(`CRM tool: importing without latency, ${run} of ${runs}`);
    const instant = await startStore('instant', 0);
    const { rows, cpuMs, durationMs } = await importInto(instant.url).finally(instant.stop);
    perCore.push(rows / (cpuMs / 1000));
    wall.push(rows / (durationMs / 1000));
    const store = await startStore('embedded', 0);
    try {
      ceilings.push(await ceilingOf(store.url));
      const one = await importInto(store.url);
      embedded.push(one.rows / (one.durationMs / 1000));
    } finally {
      await store.stop();
    }
  }
  return [
    {
      what: 'import: rows for each second of CPU (start included), a store of no latency',
      value: median(perCore),
      unit: 'rows/s',
      baseline: { what: 'the same by the clock', value: median(wall) },
    },
    {
      what: 'import: the embedded DynamoDB, no latency',
      value: median(embedded),
      unit: 'rows/s',
      baseline: { what: `its ceiling: ${parallelLoops} loops at once`, value: median(ceilings) },
    },
    ...projections(median(perCore)),
  ];
};

/** On-demand writes of us-east-1: one unit for each started KB of an item, and no index. */
const usdPerMillionWrites = 0.625;

const projections = (rowsPerSecond: number): readonly BenchRow[] =>
  [1, 10, 100].map((millions) => ({
    what: `projected, one whole core: ${millions} million rows of up to 1 KB, $${(millions * usdPerMillionWrites).toFixed(2)} of writes`,
    value: (millions * 1_000_000) / rowsPerSecond / 60,
    unit: 'min',
  }));

/**
 * `crm import` against stores with 10 ms latency, beside a plain loop. The embedded DynamoDB computes for 4 to 5 ms
 * on each batch, on one core: what can be gained by sending batches at once ends there.
 */
export const benchCrmImport = async (report: Report): Promise<readonly BenchRow[]> => {
  using folder = benchFolder();
  return [
    await compare('embedded', folder.path, report),
    await compare('instant', folder.path, report),
    ...(await withoutLatency(folder.path, report)),
  ];
};
