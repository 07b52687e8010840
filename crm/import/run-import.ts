import { planImport } from '../plan/plan-import.ts';
import { openFiles } from '../reading/open-file.ts';
import type { FileReport } from '../reading/read-file.ts';
import { exitCodeOf, printSummary } from '../reading/report.ts';
import { refuseSameFiles } from '../reading/same-file.ts';
import { readHashKeys } from '../store/hash-keys.ts';
import { type Context, confirmTarget, requireTarget } from '../store/target-options.ts';
import { UserError } from '../terminal/problem.ts';
import { counted, note, print, type Terminal } from '../terminal/terminal.ts';
import { describeImport } from './describe-import.ts';
import { type ImportOutcome, type ImportSettings, importFile } from './import-file.ts';
import type { ImportOptions } from './import-options.ts';
import { KnownHashes } from './known-hashes.ts';
import { GaveUp } from './patience.ts';
import { removeVanished, type Vanished } from './replace-all.ts';

const settingsFor = async (options: ImportOptions, context: Context): Promise<ImportSettings> => {
  const target = await requireTarget(options, context);
  const hashKeys = await readHashKeys(target);
  if (target.secretId === undefined) {
    note(context.terminal, 'Session ids are hashed without a key: neither --env nor --secret-id names one.');
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

/** What can be known to be wrong before anything is opened. */
const checkOptions = (
  files: readonly string[],
  { resume, replaceAll, ifNewer, yes, dryRun }: ImportOptions,
  { interactive }: Terminal,
): void => {
  if (resume && files.includes('-')) {
    throw new UserError('The standard input cannot be resumed: import from a file.');
  }
  if (replaceAll && !(yes || dryRun || interactive)) {
    throw new UserError(
      '--replace-all asks before it removes records, and nobody is here to be asked: add --yes.',
    );
  }
  if (replaceAll && ifNewer) {
    throw new UserError(
      '--replace-all takes the export as it is; --if-newer keeps parts of the table: choose one.',
    );
  }
};

const refusal = (reports: readonly FileReport[], accepted: number): string | undefined => {
  const rejected = reports.reduce((sum, report) => sum + report.rejected, 0);
  if (rejected > 0)
    return `Nothing was removed: ${counted(rejected, 'row was', 'rows were')} rejected, and their customers would vanish. Mend the rows and import the whole export again.`;
  return accepted === 0
    ? 'Nothing was removed: an export without customers is not a complete one.'
    : undefined;
};

/** With --replace-all: removes what a complete export no longer has. */
const replaceAll = async (
  outcomes: readonly ImportOutcome[],
  present: KnownHashes,
  settings: ImportSettings,
): Promise<Vanished | undefined> => {
  const { terminal, options } = settings;
  const refused = refusal(
    outcomes.map(({ report }) => report),
    present.size,
  );
  if (refused !== undefined) {
    note(terminal, refused);
    return undefined;
  }
  const vanished = await removeVanished(present, settings);
  if (options.json) return vanished;
  const { found, removed } = vanished;
  if (options.dryRun) print(terminal, `${counted(found, 'record')} would be removed: not in the export.`);
  else
    print(
      terminal,
      `${counted(removed, 'record')} removed that ${removed === 1 ? 'was' : 'were'} not in the export.`,
    );
  return vanished;
};

const printJson = (
  { target, options, terminal }: ImportSettings,
  outcomes: readonly ImportOutcome[],
  vanished: Vanished | undefined,
): void =>
  print(
    terminal,
    JSON.stringify({
      target: { table: target.crmTableName, environment: target.environment },
      dryRun: options.dryRun ?? false,
      files: outcomes.map(({ report, changes, kept, alreadyDone, refusedLines }) => ({
        ...report,
        kept,
        alreadyDone,
        refusedLines,
        ...(changes && { changes: { ...changes, fields: Object.fromEntries(changes.fields) } }),
      })),
      ...(vanished && { vanished }),
    }),
  );

const importAll = async (files: readonly string[], settings: ImportSettings): Promise<ImportOutcome[]> => {
  const { terminal, options, target, signal } = settings;
  refuseSameFiles([
    ...files.map((file) => ['the input', file] as const),
    ...files.map((file) => [`the checkpoint of ${file}`, `${file}.checkpoint.json`] as const),
    ['--rejects', options.rejects],
  ]);
  const opened = await openFiles(files, options, terminal);
  if (!options.dryRun) await confirmTarget(target, terminal, options.yes ?? false, 'writes to');
  const table = target.environment === undefined ? '' : `, table ${target.crmTableName}`;
  note(terminal, `${options.dryRun ? 'Comparing with' : 'Writing to'} ${target.label}${table}.`);
  const outcomes: ImportOutcome[] = [];
  try {
    for (const one of opened) {
      const outcome = await importFile(one, settings);
      outcomes.push(outcome);
      if (!options.json) {
        const winner = options.ifNewer ? 'newest' : 'last';
        printSummary(terminal, { report: outcome.report, done: describeImport(outcome), winner });
      }
      if (signal.aborted) break;
    }
  } catch (error) {
    // Where a file is at fault, the command will not be resumed as it is: no finished checkpoint is left about.
    if (error instanceof UserError && !(error instanceof GaveUp)) {
      for (const { checkpoint } of outcomes) await checkpoint?.remove();
    }
    throw error;
  }
  return outcomes;
};

/** Runs `import`. */
export const runImport = async (files: readonly string[], options: ImportOptions, context: Context) => {
  checkOptions(files, options, context.terminal);
  const present = new KnownHashes();
  const settings: ImportSettings = {
    ...(await settingsFor(options, context)),
    ...(options.replaceAll && {
      onAccepted: ({ sessionHash, olderHashes = [] }) => {
        present.add(sessionHash);
        for (const hash of olderHashes) present.add(hash);
      },
    }),
  };
  const { terminal, signal } = settings;
  const outcomes = await importAll(files, settings);
  const reports = outcomes.map(({ report }) => report);
  const vanished =
    options.replaceAll && !signal.aborted ? await replaceAll(outcomes, present, settings) : undefined;
  if (signal.aborted) note(terminal, 'Interrupted. Repeat the command with --resume to go on.');
  else for (const { checkpoint } of outcomes) await checkpoint?.remove();
  if (options.json) printJson(settings, outcomes, vanished);
  const refused = options.replaceAll && vanished === undefined && !signal.aborted;
  context.end(signal.aborted ? 130 : refused ? 1 : exitCodeOf(reports, options.allowRejects));
};

/** Runs `import --plan s3`. */
export const runPlan = async (
  files: readonly string[],
  options: ImportOptions,
  context: Context,
): Promise<void> => {
  context.end(await planImport(files, await settingsFor(options, context), options));
};
