import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { sampleCustomer, sampleHeader } from '../crm/sample/sample-customer.ts';

/** What a run of the CRM tool took. */
export interface ToolRun {
  readonly rows: number;
  readonly durationMs: number;
  readonly peakMb: number;
  /** CPU time of the process, its start included. */
  readonly cpuMs: number;
}

const entry = fileURLToPath(new URL('crm-tool-process.ts', import.meta.url));

/** A folder for one bench, removed with it. */
export const benchFolder = () => {
  const path = mkdtempSync(join(tmpdir(), 'crm-bench-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
};

/** Writes made-up customers to a CSV file. */
export const writeSample = async (file: string, rows: number): Promise<void> => {
  const text = function* () {
    yield `${sampleHeader.join(',')}\n`;
    for (let from = 0; from < rows; from += 500) {
      let chunk = '';
      for (let row = from; row < Math.min(rows, from + 500); row += 1) {
        chunk += `${Object.values(sampleCustomer(row, 1)).join(',')}\n`;
      }
      yield chunk;
    }
  };
  await pipeline(text, createWriteStream(file));
};

/** Runs the tool as a process with `--json` and reads the figures of its first file. */
export const runTool = async (folder: string, args: readonly string[]): Promise<ToolRun> => {
  const usageFile = join(folder, 'usage');
  const child = spawn(process.execPath, ['--import', 'tsx', entry, ...args, '--json'], {
    env: { ...process.env, USAGE_FILE: usageFile },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  const { rows, durationMs } = JSON.parse(out).files[0] as { rows: number; durationMs: number };
  const { peakKb, cpuMs } = JSON.parse(readFileSync(usageFile, 'utf8')) as { peakKb: number; cpuMs: number };
  return { rows, durationMs, peakMb: peakKb / 1024, cpuMs };
};
