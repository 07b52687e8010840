import type { Command } from 'commander';
import { type Context, withTarget } from '../store/target-options.ts';
import type { PurgeOptions } from './run-purge.ts';

const manual = `
Removes everything that is stored under a hash key which is not in use any more, from both tables: nobody can compute whose
it is, so "erase --session-id" cannot reach it, and the service never looks it up. The number is shown first. "plain" stands
for records without a hash key. Interrupted, the same command goes on.

Examples:
  npm run crm -- stats --env prod                       which keys there are
  npm run crm -- purge --env prod --key-id 2024-01`;

export const addPurge = (program: Command, context: Context): void => {
  const command = program
    .command('purge')
    .summary('remove what is stored under a retired hash key')
    .description('Remove everything that is stored under a hash key which is not in use any more.')
    .addHelpText('after', manual)
    .requiredOption('--key-id <id>', 'id of the retired key')
    .action(async (options: PurgeOptions) => {
      const { runPurge } = await import('./run-purge.ts');
      await runPurge(options, context);
    });
  withTarget(command).optionsGroup('How:').option('--yes', 'do not ask').option('--json', 'print as JSON');
};
