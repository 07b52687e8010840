import { markdownTable } from 'markdown-table';
import { insertTables } from '../../bench/performance-document.ts';
import { dependencyNames, dependencyOf, type Subject, subjectNames, subjects } from './dependencies.ts';
import { traceOf } from './expectations.ts';
import { faultOf } from './faults.ts';
import type { Result } from './matrix.ts';
import type { Cell } from './observation.ts';

const header = ['fault', 'answer', 'time', 'calls', 'guests', 'left behind', 'log code', 'metric'] as const;

/** Cold and warm, or one text where they agree. */
const both = ({ cells: { cold, warm } }: Result, text: (cell: Cell) => string): string =>
  text(cold) === text(warm) ? text(cold) : `${text(cold)} / ${text(warm)}`;

const time = ({ durationMs }: Cell): string =>
  durationMs < 1000 ? '< 1 s' : `${Math.round(durationMs / 1000)} s`;

const orDash = (text: string | undefined): string => (text === undefined || text === '' ? '–' : text);

const lineOf = (result: Result): readonly string[] => {
  const { row } = result;
  return [
    faultOf(row.fault).title,
    both(result, ({ answer }) => answer),
    both(result, time),
    row.fault === 'refused' ? '–' : both(result, ({ calls }) => String(calls)),
    both(result, ({ guests }) => String(guests)),
    both(result, ({ left }) => orDash(left.join(', '))),
    both(result, (cell) => orDash(traceOf(row, cell).code)),
    both(result, (cell) => orDash(traceOf(row, cell).metric)),
  ];
};

/** The tables of one function, a dependency each. */
const tablesOf = (subject: Subject, results: readonly Result[]): string =>
  dependencyNames
    .flatMap((dependency) => {
      const own = results.filter(({ row }) => row.subject === subject && row.dependency === dependency);
      if (own.length === 0) return [];
      const table = markdownTable([[...header], ...own.map((result) => [...lineOf(result)])]);
      return [`**${dependencyOf(dependency).title}**`, '', table, ''];
    })
    .join('\n');

/** What each function answers while a dependency fails, over all faults. */
const overview = (results: readonly Result[]): string => {
  const lines = subjectNames.flatMap((subject) =>
    dependencyNames.flatMap((dependency) => {
      const cells = results
        .filter(({ row }) => row.subject === subject && row.dependency === dependency)
        .flatMap(({ cells: { cold, warm } }) => [cold, warm]);
      if (cells.length === 0) return [];
      const answers = [...new Set(cells.map(({ answer }) => answer))].sort();
      const longest = Math.max(...cells.map(({ durationMs }) => durationMs));
      return [
        [
          subjects[subject].title,
          dependencyOf(dependency).title,
          answers.join(' · '),
          `${(longest / 1000).toFixed(1)} s of ${(cells[0]?.budgetMs ?? 0) / 1000} s`,
          String(cells.length),
        ],
      ];
    }),
  );
  return markdownTable([['function', 'dependency', 'answers', 'longest', 'cells'], ...lines]);
};

/** The document with these results in their places. */
export const documentWith = (document: string, results: readonly Result[]): string =>
  subjectNames.reduce(
    (text, subject) => insertTables(text, `matrix:${subject}`, tablesOf(subject, results)),
    insertTables(document, 'matrix:overview', overview(results)),
  );
