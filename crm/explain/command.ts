import type { Command } from 'commander';
import { type Context, withTarget } from '../store/target-options.ts';
import type { ExplainOptions } from './run-explain.ts';

const manual = `
Shows what the function would see for a session: its hashes, whether the CRM table has a record, how old it is,
its fields (values stay hidden without --show-values), the guest that the registry remembers, what Genesys would
be sent, and, where nothing is found, the likely cause.

Ends with 0 when the visitor is recognised, with 1 when not. "-" reads the session id from the standard input.

Examples:
  npm run crm -- explain --env prod --session-id 3f2a1b7c-4d5e
  npm run crm -- explain --env local --session-id demo-jane --show-values`;

export const addExplain = (program: Command, context: Context): void => {
  const command = program
    .command('explain')
    .summary('why a visitor is, or is not, recognised')
    .description('Show what the function would see for a session.')
    .addHelpText('after', manual)
    .requiredOption('--session-id <id>', 'session id of the website')
    .option('--show-values', 'show values, which may be personal data')
    .option('--attribute-map <json>', "the function's ATTRIBUTE_MAP, where it is not the default")
    .action(async (options: ExplainOptions) => {
      const { runExplain } = await import('./run-explain.ts');
      context.end((await runExplain(options, context)) ? 0 : 1);
    });
  withTarget(command);
};
