import type { Command } from 'commander';
import type { CustomerRules } from '../customers/customer.ts';
import { type InputOptions, withInput } from '../customers/input-options.ts';
import type { Context } from '../store/target-options.ts';
import { grouped, print } from '../terminal/terminal.ts';
import { openFiles } from './open-file.ts';
import { type FileReport, readFile } from './read-file.ts';
import { exitCodeOf, printSummary } from './report.ts';

const manual = `
Checks files as "import" would, without AWS: every row's columns, types and limits; not what takes the target
(whether a sessionHash was made under its keys) or --if-newer. Writes rejected rows to <file>.rejects.csv. Ends
with 1 if there are any.

Examples:
  npm run crm -- validate customers.csv
  npm run crm -- validate export.csv.gz --delimiter semicolon --map "E-Mail-Adresse=email"
  cat customers.jsonl | npm run crm -- validate - --json`;

/** Rules for a target whose keys are not known: hashes are made only to compare rows with one another. */
export const rulesWithoutTarget = (options: InputOptions, nowMs: number): CustomerRules => ({
  hashKeys: [],
  knownKeys: false,
  requireUpdatedAt: false,
  withOlderHashes: false,
  nowSeconds: Math.floor(nowMs / 1000),
  defaultExpiresAt: options.ttl === undefined ? undefined : Math.floor(nowMs / 1000) + options.ttl,
});

export const addValidate = (program: Command, context: Context): void => {
  const command = program
    .command('validate')
    .summary('check files without AWS')
    .description('Check files of customers without AWS.')
    .argument('<file...>', 'CSV or JSON Lines, also gzipped; - is the standard input')
    .addHelpText('after', manual)
    .action(async (files: string[], options: InputOptions) => {
      const { terminal } = context;
      const signal = context.interruptible();
      const reports: FileReport[] = [];
      for (const opened of await openFiles(files, options, terminal)) {
        const rules = rulesWithoutTarget(options, Date.now());
        const report = await readFile({
          opened,
          options,
          rules,
          terminal,
          signal,
          label: 'Checking',
          accept: async () => undefined,
        });
        reports.push(report);
        if (!options.json) printSummary(terminal, { report, done: [`${grouped(report.accepted)} valid`] });
        if (signal.aborted) break;
      }
      if (options.json) print(terminal, JSON.stringify({ files: reports }));
      context.end(exitCodeOf(reports, options.allowRejects));
    });
  withInput(command);
};
