import { counted, duration, grouped, print, type Terminal } from '../terminal/terminal.ts';
import type { FileReport } from './read-file.ts';

/** What a summary says beside the report of reading: what was done with the accepted rows. */
export interface Summary {
  readonly report: FileReport;
  /** Such as "990 written"; first of the figures. */
  readonly done: readonly string[];
  /** Which of the rows of a visitor wins: the last one unless it is said. */
  readonly winner?: 'last' | 'newest';
}

/** Prints the summary of one file; no values of any row. */
export const printSummary = (terminal: Terminal, { report, done, winner = 'last' }: Summary): void => {
  const { file, rows, rejected, rejectsFile, repeated, repetitions, remarks, durationMs } = report;
  print(
    terminal,
    `${file}: ${counted(rows, 'row')} in ${duration(durationMs)} (${grouped(rows / (durationMs / 1000))}/s)`,
  );
  for (const line of done) print(terminal, `  ${line}`);
  if (rejected > 0) {
    print(terminal, `  ${grouped(rejected)} rejected: mend them in ${rejectsFile} and import that file.`);
  }
  if (repeated > 0) {
    print(
      terminal,
      `  ${counted(repeated, 'row repeats', 'rows repeat')} a visitor of the same file; the ${winner} one wins:`,
    );
    for (const { line, ofLine } of repetitions) print(terminal, `    line ${line} repeats line ${ofLine}`);
    if (repeated > repetitions.length)
      print(terminal, `    … and ${grouped(repeated - repetitions.length)} more`);
  }
  for (const remark of remarks) print(terminal, `  ${remark}`);
};

/** 0, or 1 when something was rejected that was not allowed to be. */
export const exitCodeOf = (reports: readonly FileReport[], allowRejects: boolean | undefined): number => {
  if (reports.some(({ interrupted }) => interrupted)) return 130;
  return !allowRejects && reports.some(({ rejected }) => rejected > 0) ? 1 : 0;
};
