import { type Command, Option } from 'commander';
import { withInput } from '../customers/input-options.ts';
import { type Context, withTarget } from '../store/target-options.ts';
import { wholeNumber } from '../terminal/whole-number.ts';
import type { ImportOptions } from './import-options.ts';

const manual = `
Reads CSV (with a header) or JSON Lines. Columns:
  sessionId        the website's session id; hashed on this machine, never sent anywhere
  sessionHash      instead of sessionId: the hash itself
  email            required
  firstName, tier, previousTickets, crmId, updatedAt (ISO 8601), expiresAt (epoch seconds or ISO 8601)
  any other column becomes an attribute of the customer: true/false, numbers and text are told apart

A column that resembles a field (frist_name) stops the import: rename it with --map, or name it with --attributes.
What becomes of each column is shown before anything is written.

Each row replaces the record of its visitor as a whole. Rows that break a rule go to <file>.rejects.csv:
mend them there and import that file. An interrupted import goes on with --resume.

Examples:
  npm run crm -- import customers.csv --env local
  npm run crm -- import customers.csv --env staging --dry-run
  npm run crm -- import export.csv.gz --env prod --profile crm --ttl 90d --if-newer
  npm run crm -- import customers.csv --env prod --resume
  npm run crm -- import complete.csv --env prod --replace-all
  npm run crm -- import huge.csv.gz --env prod --plan s3 --out shards --bucket my-bucket`;

export const addImport = (program: Command, context: Context): void => {
  const command = program
    .command('import')
    .summary('load customers into the table')
    .description('Load customers into the CRM table.')
    .argument('<file...>', 'CSV or JSON Lines, also gzipped; - is the standard input')
    .addHelpText('after', manual)
    .action(async (files: string[], options: ImportOptions) => {
      const { runImport, runPlan } = await import('./run-import.ts');
      await (options.plan === 's3' ? runPlan : runImport)(files, options, context);
    });
  withInput(withTarget(command))
    .optionsGroup('Writing:')
    .option('--dry-run', 'do everything but write, and show what would change')
    .option('--if-newer', 'never overwrite a record with a later updatedAt')
    .option(
      '--replace-all',
      'the file is the complete export: remove the records that it lacks, after asking',
    )
    .option('--resume', 'go on where an interrupted import of the file stopped')
    .option('--concurrency <number>', 'most requests at once', wholeNumber(1, 256), 64)
    .option(
      '--patience <seconds>',
      'give up when the table takes nothing for that long',
      wholeNumber(1, 86_400),
      300,
    )
    .option('--yes', 'do not ask before writing to production, or removing records')
    .optionsGroup('Tens of millions of rows:')
    .addOption(
      new Option('--plan <kind>', "prepare DynamoDB's own import from S3 instead of writing").choices(['s3']),
    )
    .option('--out <folder>', 'folder for the prepared files (--plan)', 'crm-import')
    .option('--bucket <name>', 'S3 bucket for the printed commands (--plan)')
    .option('--new-table <name>', 'name of the new table (--plan)');
};
