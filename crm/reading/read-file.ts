import type { Customer, CustomerRules } from '../customers/customer.ts';
import { Fingerprints, type Repetition } from '../customers/fingerprints.ts';
import { columnOptions, type InputOptions } from '../customers/input-options.ts';
import { describeObservations, newObservations } from '../customers/observations.ts';
import { type CustomerInput, type Rejected, readCustomers } from '../customers/read-customers.ts';
import { openText } from '../input/text-source.ts';
import { UserError } from '../terminal/problem.ts';
import { startProgress } from '../terminal/progress.ts';
import { note, type Terminal } from '../terminal/terminal.ts';
import { describeFaults, RejectsFile, rejectsPath } from './rejects.ts';

/** What came of reading a file. */
export interface FileReport {
  readonly file: string;
  readonly rows: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly rejectsFile: string | undefined;
  /** Rows that repeat a visitor of the same file. */
  readonly repeated: number;
  readonly repetitions: readonly Repetition[];
  readonly remarks: readonly string[];
  readonly durationMs: number;
  readonly interrupted: boolean;
}

export interface FileJob {
  readonly file: string;
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

const newReport = (file: string) => ({
  file,
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
const faultPrinter = (job: FileJob, input: CustomerInput) => {
  let shown = 0;
  return ({ row, faults }: Rejected): void => {
    const text = `${job.file}, line ${row.line}: ${describeFaults(faults, input.header)}`;
    if (job.options.strict) throw new UserError(`${text}. Stopped there (--strict).`);
    shown += 1;
    if (shown <= shownFaults) note(job.terminal, `  ${text}`);
    if (shown === shownFaults + 1) note(job.terminal, '  … more of them in the file of rejects.');
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

/**
 * Reads one file to its end: accepted rows go to `accept`, the others to the file of rejects.
 * @throws UserError when the file as a whole cannot be read, or at the first fault with `--strict`
 */
export const readFile = async (job: FileJob): Promise<FileReport> => {
  const { file, options, rules, terminal } = job;
  const startedAtMs = performance.now();
  const report = newReport(file);
  const observations = newObservations();
  const source = await openText(file, options.encoding, terminal.in);
  const { format, delimiter, rejects: rejectsTo = rejectsPath(file) } = options;
  const reading = { ...columnOptions(options), format, delimiter, rules };
  const input = await readCustomers(source, reading, observations);
  const rejects = new RejectsFile(rejectsTo, input.header);
  const printFault = faultPrinter(job, input);
  const progress = startProgress(terminal, job.label);
  using fingerprints = new Fingerprints();
  try {
    for await (const { customers, rejected } of input.blocks) {
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
  report.remarks = describeObservations(observations);
  if (report.rows === 0) report.remarks.push('The file has a header, but no rows.');
  report.durationMs = performance.now() - startedAtMs;
  return report;
};
