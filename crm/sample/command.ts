import { once } from 'node:events';
import { type Command, Option } from 'commander';
import type { Context } from '../store/target-options.ts';
import { wholeNumber } from '../terminal/whole-number.ts';
import { sampleCustomer, sampleHeader } from './sample-customer.ts';

const manual = `
Writes made-up customers to the standard output: the same rows for the same --seed, so that tests and
demonstrations can be repeated. All addresses end in example.com, example.net or example.org.

Examples:
  npm run --silent crm -- sample --rows 1000 > customers.csv
  npm run --silent crm -- sample --rows 50 --format jsonl --seed 7`;

interface SampleOptions {
  readonly rows: number;
  readonly seed: number;
  readonly format: 'csv' | 'jsonl';
}

const rowsPerWrite = 500;

export const addSample = (program: Command, { terminal }: Context): void => {
  program
    .command('sample')
    .summary('made-up customers for tests')
    .description('Write made-up customers for tests and demonstrations.')
    .addHelpText('after', manual)
    .option('--rows <number>', 'how many', wholeNumber(0), 100)
    .option('--seed <number>', 'another seed gives other customers', wholeNumber(0), 1)
    .addOption(new Option('--format <format>', 'of the output').choices(['csv', 'jsonl']).default('csv'))
    .action(async ({ rows, seed, format }: SampleOptions) => {
      const write = async (text: string): Promise<void> => {
        if (!terminal.out.write(text)) await once(terminal.out, 'drain');
      };
      if (format === 'csv') await write(`${sampleHeader.join(',')}\n`);
      for (let from = 0; from < rows; from += rowsPerWrite) {
        let text = '';
        for (let row = from; row < Math.min(rows, from + rowsPerWrite); row += 1) {
          const customer = sampleCustomer(row, seed);
          text +=
            format === 'csv' ? `${Object.values(customer).join(',')}\n` : `${JSON.stringify(customer)}\n`;
        }
        await write(text);
      }
    });
};
