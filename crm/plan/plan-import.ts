import { randomUUID } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { readOptions } from '../customers/input-options.ts';
import { newObservations } from '../customers/observations.ts';
import { readCustomers } from '../customers/read-customers.ts';
import { type ImportSettings, rulesFor } from '../import/import-file.ts';
import type { ImportOptions } from '../import/import-options.ts';
import { openText } from '../input/text-source.ts';
import { LineSet } from '../reading/line-set.ts';
import { openFiles } from '../reading/open-file.ts';
import { readFile } from '../reading/read-file.ts';
import { exitCodeOf, printSummary } from '../reading/report.ts';
import { refuseSameFiles } from '../reading/same-file.ts';
import { UserError } from '../terminal/problem.ts';
import { startProgress } from '../terminal/progress.ts';
import { counted, print } from '../terminal/terminal.ts';
import { importRequest, importSteps } from './import-steps.ts';
import { ShardWriter } from './shard-writer.ts';

const emptyFolder = async (path: string): Promise<string> => {
  const folder = resolve(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0)
    throw new UserError(`The folder ${path} is not empty: name another with --out.`);
  return folder;
};

/**
 * Prepares DynamoDB's own import from S3: gzip shards of DynamoDB JSON, and the commands. The file is read
 * twice: that import does not say which of two items with one key wins, so only the last one may be in it.
 * @returns the exit code
 */
export const planImport = async (
  files: readonly string[],
  settings: ImportSettings,
  { out = 'crm-import', bucket = 'YOUR-BUCKET', newTable }: ImportOptions,
): Promise<number> => {
  const { options, terminal, signal, target, nowMs } = settings;
  const [file, ...others] = files;
  if (file === undefined || file === '-' || others.length > 0) {
    throw new UserError('--plan s3 takes one file, and not the standard input: it is read twice.');
  }
  if (options.ifNewer) throw new UserError('--if-newer compares with a table; --plan s3 makes a new one.');
  refuseSameFiles([
    ['the input', file],
    ['--rejects', options.rejects],
  ]);
  const [opened] = await openFiles([file], options, terminal);
  if (opened === undefined) throw new Error('A file was opened, and is not there.');
  const folder = await emptyFolder(out);
  const rules = rulesFor(settings, nowMs);
  const superseded = new LineSet();
  const report = await readFile({
    opened,
    options,
    rules,
    terminal,
    signal,
    label: 'Checking',
    accept: async () => undefined,
    repeated: ({ ofLine }) => superseded.add(ofLine),
  });
  if (report.interrupted) return 130;

  const source = await openText(file, options.encoding);
  const input = await readCustomers(source, readOptions(options));
  const shards = new ShardWriter(folder);
  const progress = startProgress(terminal, 'Writing shards');
  for await (const { customers } of input.blocks(rules, newObservations())) {
    for (const customer of customers) if (!superseded.has(customer.line)) await shards.add(customer);
    const { sizeBytes } = source;
    progress.update(shards.rows, sizeBytes && source.readBytes() / sizeBytes);
    if (signal.aborted) break;
  }
  await shards.close();
  progress.end();
  if (signal.aborted) return 130;

  const date = new Date(nowMs).toISOString().slice(0, 10);
  const table = newTable ?? `${target.crmTableName}-${date}`;
  // No other import's shards may lie under it: all of them would enter the table.
  const prefix = `crm-import/${table}/${date}-${randomUUID().slice(0, 8)}`;
  const requestFile = join(folder, 'import-table.json');
  await writeFile(requestFile, `${JSON.stringify(importRequest(table, bucket, prefix), null, 2)}\n`);
  const steps = importSteps(target.aws, folder, requestFile, `s3://${bucket}/${prefix}/`, table);
  if (options.json) {
    print(
      terminal,
      JSON.stringify({ files: [report], folder, rows: shards.rows, shards: shards.count, steps }),
    );
  } else {
    const done = `${counted(shards.rows, 'item')} in ${counted(shards.count, 'shard')} in ${basename(folder)}.`;
    printSummary(terminal, { report, done: [done] });
    print(terminal, '\nRun these, one step after the other (docs/crm.md, "Tens of millions of rows"):');
    for (const [index, { what, lines }] of steps.entries()) {
      print(terminal, `\n${index + 1}. ${what}\n`);
      for (const line of lines) print(terminal, `  ${line}`);
    }
    if (options.replaceAll) {
      print(
        terminal,
        '\nThe new table holds what is in the export and nothing else: switching over replaces all.',
      );
    }
  }
  return exitCodeOf([report], options.allowRejects);
};
