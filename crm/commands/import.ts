import { type Command, InvalidArgumentError, Option } from 'commander';
import { type InputOptions, withInput } from '../customers/input-options.ts';
import { type ImportOutcome, type ImportSettings, importFile } from '../import-file.ts';
import { planImport } from '../plan-import.ts';
import { UserError } from '../problem.ts';
import { exitCodeOf, printSummary } from '../report.ts';
import { readHashKeys } from '../target/hash-keys.ts';
import type { TargetOptions } from '../target/target.ts';
import { type Context, confirmProduction, requireTarget, withTarget } from '../target/target-options.ts';
import { counted, grouped, note, print } from '../terminal.ts';

export interface ImportOptions extends InputOptions, TargetOptions {
  readonly dryRun?: boolean;
  readonly ifNewer?: boolean;
  readonly resume?: boolean;
  readonly concurrency: number;
  readonly yes?: boolean;
  readonly plan?: 's3';
  readonly out?: string;
  readonly bucket?: string;
  readonly newTable?: string;
}

const manual = `
Reads CSV (with a header) or JSON Lines. Columns:
  sessionId        the website's session id; hashed on this machine, never sent anywhere
  sessionHash      instead of sessionId: the hash itself
  email            required
  firstName, tier, previousTickets, crmId, updatedAt (ISO 8601), expiresAt (epoch seconds or ISO 8601)
  any other column becomes an attribute of the customer: true/false, numbers and text are told apart

Each row replaces the record of its visitor as a whole. Rows that break a rule go to <file>.rejects.csv:
mend them there and import that file. An interrupted import goes on with --resume.

Examples:
  npm run crm -- import customers.csv --env local
  npm run crm -- import customers.csv --env staging --dry-run
  npm run crm -- import export.csv.gz --env prod --profile crm --ttl 90d --if-newer
  npm run crm -- import customers.csv --env prod --resume
  npm run crm -- import huge.csv.gz --env prod --plan s3 --out shards --bucket my-bucket`;

const wholeNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 256)
    throw new InvalidArgumentError('It is between 1 and 256.');
  return value;
};

/** What became of the accepted rows, as sentences. */
const describe = ({ report, changes, kept, alreadyDone }: ImportOutcome): string[] => {
  const visitors = report.accepted - report.repeated;
  if (changes !== undefined) {
    const fields = [...changes.fields].map(([name, count]) => `${name} in ${grouped(count)}`);
    return [
      'Nothing was written (--dry-run).',
      `${counted(changes.created, 'record')} would be created, ${grouped(changes.changed)} changed, ${grouped(changes.unchanged)} are the same.`,
      ...(fields.length > 0 ? [`Changes: ${fields.join(', ')}.`] : []),
      ...(kept > 0
        ? [`${counted(kept, 'record')} of the table are newer and would be kept (--if-newer).`]
        : []),
    ];
  }
  return [
    `${counted(report.accepted, 'row')} of ${counted(visitors, 'visitor')} written.`,
    ...(alreadyDone > 0 ? [`${grouped(alreadyDone)} of them by the import that was interrupted.`] : []),
    ...(kept > 0
      ? [`${counted(kept, 'record')} of the table were newer and have been kept (--if-newer).`]
      : []),
  ];
};

const settingsFor = async (options: ImportOptions, context: Context): Promise<ImportSettings> => {
  const target = await requireTarget(options, context);
  const hashKeys = await readHashKeys(target);
  if (target.secretId === undefined) {
    note(
      context.terminal,
      'Session ids are hashed without a key: no --env, and no --secret-id, tells of one.',
    );
  }
  return {
    target,
    hashKeys,
    options,
    terminal: context.terminal,
    signal: context.interruptible(),
    nowMs: Date.now(),
  };
};

const runImport = async (files: readonly string[], options: ImportOptions, context: Context) => {
  if (options.resume && files.includes('-')) {
    throw new UserError('The standard input cannot be resumed: import from a file.');
  }
  const settings = await settingsFor(options, context);
  const { terminal, target, signal } = settings;
  if (!options.dryRun) await confirmProduction(target, terminal, options.yes ?? false, 'writes to');
  note(
    terminal,
    `${options.dryRun ? 'Comparing with' : 'Writing to'} ${target.label}, table ${target.crmTableName}.`,
  );
  const outcomes: ImportOutcome[] = [];
  for (const file of files) {
    const outcome = await importFile(file, settings);
    outcomes.push(outcome);
    if (!options.json) printSummary(terminal, { report: outcome.report, done: describe(outcome) });
    if (signal.aborted) break;
  }
  const reports = outcomes.map(({ report }) => report);
  if (signal.aborted) note(terminal, 'Interrupted. Repeat the command with --resume to go on.');
  else for (const { checkpoint } of outcomes) await checkpoint?.remove();
  if (options.json) {
    print(
      terminal,
      JSON.stringify({
        target: { table: target.crmTableName, environment: target.environment },
        dryRun: options.dryRun ?? false,
        files: outcomes.map(({ report, changes, kept, alreadyDone }) => ({
          ...report,
          kept,
          alreadyDone,
          ...(changes && { changes: { ...changes, fields: Object.fromEntries(changes.fields) } }),
        })),
      }),
    );
  }
  context.end(exitCodeOf(reports, options.allowRejects));
};

export const addImport = (program: Command, context: Context): void => {
  const command = program
    .command('import')
    .summary('load customers into the table')
    .description('Load customers into the CRM table.')
    .argument('<file...>', 'CSV or JSON Lines, also gzipped; - is the standard input')
    .addHelpText('after', manual)
    .action(async (files: string[], options: ImportOptions) => {
      if (options.plan === 's3') {
        const settings = await settingsFor(options, context);
        context.end(await planImport(files, settings, options));
      } else {
        await runImport(files, options, context);
      }
    });
  withInput(withTarget(command))
    .optionsGroup('Writing:')
    .option('--dry-run', 'do everything but write, and show what would change')
    .option('--if-newer', 'never overwrite a record with a later updatedAt')
    .option('--resume', 'go on where an interrupted import of the file stopped')
    .option('--concurrency <number>', 'most requests at once', wholeNumber, 64)
    .option('--yes', 'do not ask before writing to production')
    .optionsGroup('Tens of millions of rows:')
    .addOption(
      new Option('--plan <kind>', "prepare DynamoDB's own import from S3 instead of writing").choices(['s3']),
    )
    .option('--out <folder>', 'folder for the prepared files (--plan)', 'crm-import')
    .option('--bucket <name>', 'S3 bucket for the printed commands (--plan)')
    .option('--new-table <name>', 'name of the new table (--plan)');
};
