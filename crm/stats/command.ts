import type { Command } from 'commander';
import { type Context, withTarget } from '../store/target-options.ts';
import { wholeNumber } from '../terminal/whole-number.ts';
import type { StatsOptions } from './run-stats.ts';

const manual = `
Counts the records of the CRM table: by hash key, expired, expiring soon, with a customer id. Reads up to
--limit records (each costs read capacity); says so when there are more. The match rate is the share of
visitors of the last --hours whose record was found, by the function's metrics.

Examples:
  npm run crm -- stats --env prod
  npm run crm -- stats --env local --expiring-days 7 --json`;

export const addStats = (program: Command, context: Context): void => {
  const command = program
    .command('stats')
    .summary('how many records, how many expire, match rate')
    .description('Count the records of the CRM table.')
    .addHelpText('after', manual)
    .option('--limit <number>', 'most records that are read', wholeNumber(1), 1_000_000)
    .option('--expiring-days <number>', 'what "soon" means', wholeNumber(1), 30)
    .option('--hours <number>', 'of the match rate', wholeNumber(1), 24)
    .option('--json', 'print as JSON')
    .action(async (options: StatsOptions) => {
      const { runStats } = await import('./run-stats.ts');
      await runStats(options, context);
    });
  withTarget(command);
};
