import { planImport } from '../plan/plan-import.ts';
import { exitCodeOf, printSummary } from '../reading/report.ts';
import { readHashKeys } from '../store/hash-keys.ts';
import { type Context, confirmProduction, requireTarget } from '../store/target-options.ts';
import { UserError } from '../terminal/problem.ts';
import { counted, grouped, note, print } from '../terminal/terminal.ts';
import { type ImportOutcome, type ImportSettings, importFile } from './import-file.ts';
import type { ImportOptions } from './import-options.ts';

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

/** Runs `import`. */
export const runImport = async (files: readonly string[], options: ImportOptions, context: Context) => {
  if (options.resume && files.includes('-')) {
    throw new UserError('The standard input cannot be resumed: import from a file.');
  }
  const settings = await settingsFor(options, context);
  const { terminal, target, signal } = settings;
  if (!options.dryRun) await confirmProduction(target, terminal, options.yes ?? false, 'writes to');
  note(
    terminal,
    `${options.dryRun ? 'Comparing with' : 'Writing to'} ${target.label}${target.environment === undefined ? '' : `, table ${target.crmTableName}`}.`,
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

/** Runs `import --plan s3`. */
export const runPlan = async (
  files: readonly string[],
  options: ImportOptions,
  context: Context,
): Promise<void> => {
  context.end(await planImport(files, await settingsFor(options, context), options));
};
