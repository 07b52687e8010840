import type { Command } from 'commander';
import { type Context, withTarget } from '../store/target-options.ts';
import type { ExportOptions } from './run-export.ts';

const manual = `
Writes what the CRM table holds as CSV, for checking: session hashes (no session id can be had back), fields, and the
attributes as JSON in one column. The file can be imported again as it is. It holds customers' data: only its owner may
read it, and one that is there already is never written over.

Examples:
  npm run crm -- export --env staging --out table.csv
  npm run --silent crm -- export --env local > table.csv`;

export const addExport = (program: Command, context: Context): void => {
  const command = program
    .command('export')
    .summary('write the table back to CSV, for checking')
    .description('Write what the CRM table holds as CSV, for checking.')
    .addHelpText('after', manual)
    .option('--out <file>', 'a new file (default: the standard output)')
    .action(async (options: ExportOptions) => {
      const { runExport } = await import('./run-export.ts');
      await runExport(options, context);
    });
  withTarget(command);
};
