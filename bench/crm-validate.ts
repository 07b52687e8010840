import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { CsvRows } from '../crm/input/csv-rows.ts';
import { hashSession } from '../lambda/guest/session-hash.ts';
import { benchFolder, runTool, writeSample } from './crm-tool.ts';
import { type BenchRow, median, type Report } from './table.ts';

const rows = 1_000_000;
const moreRows = 3_000_000;
const runs = 3;

/** Only what cannot be left out: splitting the text and hashing the ids. Rows a second. */
const parseAndHash = async (file: string): Promise<number> => {
  const splitter = new CsvRows(',');
  const startedAtMs = performance.now();
  let count = 0;
  for await (const block of createReadStream(file, { encoding: 'utf8', highWaterMark: 64 * 1024 })) {
    for (const { cells } of splitter.push(String(block))) {
      hashSession(String(cells[0]), []);
      count += 1;
    }
  }
  return count / ((performance.now() - startedAtMs) / 1000);
};

/** `crm validate`: rows a second on one core, and memory at two sizes. */
export const benchCrmValidate = async (report: Report): Promise<readonly BenchRow[]> => {
  using folder = benchFolder();
  const file = join(folder.path, 'customers.csv');
  const rates: number[] = [];
  const floors: number[] = [];
  const peaks: number[] = [];
  report(`CRM tool: writing ${rows} rows`);
  await writeSample(file, rows);
  for (let run = 1; run <= runs; run += 1) {
    report(`CRM tool: validating ${rows} rows, ${run} of ${runs}`);
    const { durationMs, peakMb } = await runTool(folder.path, ['validate', file]);
    rates.push(rows / (durationMs / 1000));
    peaks.push(peakMb);
    floors.push(await parseAndHash(file));
  }
  report(`CRM tool: validating ${moreRows} rows`);
  await writeSample(file, moreRows);
  const more = await runTool(folder.path, ['validate', file]);
  return [
    {
      what: 'validate: read, hash and check 1,000,000 rows',
      value: median(rates),
      unit: 'rows/s',
      baseline: { what: 'split and hash only', value: median(floors) },
      promise: '≥ 200,000 rows/s',
    },
    {
      what: 'validate: most memory of the process, 3,000,000 rows',
      value: more.peakMb,
      unit: 'MB',
      baseline: { what: '1,000,000 rows', value: median(peaks) },
      promise: '< 250 MB, no growth',
    },
  ];
};
