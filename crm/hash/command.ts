import type { Command } from 'commander';
import { parseEncoding } from '../customers/input-options.ts';
import { type Context, withTarget } from '../store/target-options.ts';
import type { HashOptions } from './run-hash.ts';

const manual = `
Reads one session id a line and writes its hash on the same line of the output, for joins of your own.
A line that cannot be a session id gives an empty line. With --env or --secret-id the hashes are those that
the function of that environment looks up (under its newest key); without, they are unkeyed.

Examples:
  npm run --silent crm -- hash --env prod < ids.txt > hashes.txt
  echo 3f2a1b7c | npm run --silent crm -- hash`;

export const addHash = (program: Command, context: Context): void => {
  const command = program
    .command('hash')
    .summary('hash session ids, for joins of your own')
    .description('Hash session ids: standard input to standard output.')
    .addHelpText('after', manual)
    .option('--encoding <name>', 'of the input (default: UTF-8)', parseEncoding)
    .action(async (options: HashOptions) => {
      const { runHash } = await import('./run-hash.ts');
      await runHash(options, context);
    });
  withTarget(command);
};
