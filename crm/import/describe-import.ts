import { counted, grouped } from '../terminal/terminal.ts';
import type { Changes } from './changes.ts';
import type { ImportOutcome } from './import-file.ts';

const shownLines = 10;

const keptSentence = (kept: number, what: string): readonly string[] =>
  kept === 0 ? [] : [`${counted(kept, 'record')} of the table ${what} (--if-newer).`];

const describeChanges = ({ created, changed, unchanged, fields }: Changes, kept: number): string[] => {
  const named = [...fields].map(([name, count]) => `${name} in ${grouped(count)}`);
  return [
    'Nothing was written (--dry-run).',
    `${counted(created, 'record')} would be created, ${grouped(changed)} changed, ${grouped(unchanged)} ${unchanged === 1 ? 'is' : 'are'} the same.`,
    ...(named.length > 0 ? [`Changes: ${named.join(', ')}.`] : []),
    ...keptSentence(kept, kept === 1 ? 'is newer and would be kept' : 'are newer and would be kept'),
  ];
};

const describeRefused = (lines: readonly number[]): readonly string[] => {
  if (lines.length === 0) return [];
  const named = lines.slice(0, shownLines).join(', ');
  const more = lines.length > shownLines ? ' …' : '';
  return [
    `${counted(lines.length, 'row was', 'rows were')} refused by DynamoDB itself: line ${named}${more}.`,
  ];
};

/** What became of the accepted rows, as sentences. */
export const describeImport = ({
  report,
  changes,
  kept,
  alreadyDone,
  refusedLines,
}: ImportOutcome): string[] => {
  if (changes !== undefined) return describeChanges(changes, kept);
  const visitors = report.accepted - report.repeated;
  return [
    kept === 0
      ? `${counted(report.accepted, 'row')} of ${counted(visitors, 'visitor')} written.`
      : `${counted(report.accepted - kept, 'row')} written.`,
    ...(alreadyDone > 0 ? [`${grouped(alreadyDone)} of them by the import that was interrupted.`] : []),
    ...keptSentence(kept, kept === 1 ? 'was newer and has been kept' : 'were newer and have been kept'),
    ...describeRefused(refusedLines),
  ];
};
