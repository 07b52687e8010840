import { existsSync } from 'node:fs';
import type { ColumnUse } from '../customers/column-preview.ts';
import type { Header } from '../customers/columns.ts';
import type { Customer, CustomerRules } from '../customers/customer.ts';
import { Fingerprints, type Repetition } from '../customers/fingerprints.ts';
import type { InputOptions } from '../customers/input-options.ts';
import { describeObservations, newObservations } from '../customers/observations.ts';
import type { Rejected } from '../customers/read-customers.ts';
import { UserError } from '../terminal/problem.ts';
import { type Progress, startProgress } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { OpenedFile } from './open-file.ts';
import { describeFaults, RejectsFile, rejectsPath } from './rejects.ts';

/** What came of reading a file. */
export interface FileReport {
  readonly file: string;
  readonly rows: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly rejectsFile: string | undefined;
  readonly columns: readonly ColumnUse[];
  /** Rows that repeat a visitor of the same file. */
  readonly repeated: number;
  readonly repetitions: readonly Repetition[];
  readonly remarks: readonly string[];
  readonly durationMs: number;
  readonly interrupted: boolean;
}

export interface FileJob {
  readonly opened: OpenedFile;
  readonly options: InputOptions;
  readonly rules: CustomerRules;
  readonly terminal: Terminal;
  /** What the progress is called. */
  readonly label: string;
  readonly signal: AbortSignal;
  /** Takes accepted customers, in order; reading waits for it. */
  accept(customers: readonly Customer[]): Promise<void>;
  /** Told of every row that repeats an earlier one of the file. */
  repeated?(repetition: Repetition): void;
}

const shownFaults = 20;
const shownRepetitions = 10;

const newReport = ({ file, input }: OpenedFile) => ({
  file,
  columns: input.columns,
  rows: 0,
  accepted: 0,
  rejected: 0,
  rejectsFile: undefined as string | undefined,
  repeated: 0,
  repetitions: [] as Repetition[],
  remarks: [] as string[],
  durationMs: 0,
  interrupted: false,
});

/** Prints the first faults as they are found; never a value of a row. */
const faultPrinter = (file: string, header: Header | undefined, strict: boolean, progress: Progress) => {
  let shown = 0;
  return ({ row, faults }: Rejected): void => {
    const text = `${file}, line ${row.line}: ${describeFaults(faults, header)}`;
    if (strict) throw new UserError(`${text}. Stopped there (--strict).`);
    shown += 1;
    if (shown <= shownFaults) progress.note(`  ${text}`);
    if (shown === shownFaults + 1) progress.note('  … more of them in the file of rejects.');
  };
};

const findRepetitions = (
  fingerprints: Fingerprints,
  report: ReturnType<typeof newReport>,
  job: FileJob,
): void => {
  for (const repetition of fingerprints.repetitions()) {
    report.repeated += 1;
    job.repeated?.(repetition);
    if (report.repetitions.length < shownRepetitions) report.repetitions.push(repetition);
  }
  report.repetitions.sort((a, b) => a.line - b.line);
};

const endOfEarlierRun = (file: string, { rejects }: InputOptions, rejected: number): readonly string[] =>
  rejected === 0 && rejects === undefined && existsSync(rejectsPath(file))
    ? [`${rejectsPath(file)} is of an earlier run, and was left alone.`]
    : [];

/**
 * Reads one file to its end: accepted rows go to `accept`, the others to the file of rejects.
 * @throws UserError when the file as a whole cannot be read, or at the first fault with `--strict`
 */
export const readFile = async (job: FileJob): Promise<FileReport> => {
  const { opened, options, rules, terminal } = job;
  const { file, source, input } = opened;
  const startedAtMs = performance.now();
  const report = newReport(opened);
  const observations = newObservations();
  const rejects = new RejectsFile(options.rejects ?? rejectsPath(file), input.header);
  const progress = startProgress(terminal, job.label);
  const printFault = faultPrinter(file, input.header, options.strict ?? false, progress);
  using fingerprints = new Fingerprints();
  try {
    for await (const { customers, rejected } of input.blocks(rules, observations)) {
      for (const one of rejected) printFault(one);
      await rejects.add(rejected);
      report.rejected += rejected.length;
      for (const { sessionHash, line } of customers) fingerprints.add(sessionHash, line);
      await job.accept(customers);
      report.accepted += customers.length;
      const { sizeBytes } = source;
      progress.update(observations.rows, sizeBytes && source.readBytes() / sizeBytes);
      if (job.signal.aborted) break;
    }
  } finally {
    progress.end();
    report.rejectsFile = await rejects.close();
  }
  report.interrupted = job.signal.aborted;
  report.rows = observations.rows;
  findRepetitions(fingerprints, report, job);
  report.remarks = [
    ...describeObservations(observations),
    ...endOfEarlierRun(file, options, report.rejected),
    ...(report.rows === 0 ? ['The file has a header, but no rows.'] : []),
  ];
  report.durationMs = performance.now() - startedAtMs;
  return report;
};
