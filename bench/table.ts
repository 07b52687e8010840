import { markdownTable } from 'markdown-table';

/** A row of a performance table: what was measured, a baseline of the same run, and their ratio. */
export interface BenchRow {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Measured in the same run, since machines are noisy: only the ratio holds. */
  readonly baseline?: { readonly what: string; readonly value: number } | undefined;
  /** What the project promises, as text, where it does. */
  readonly promise?: string | undefined;
}

/** One table of the output: the first row is its header. */
export interface Table {
  readonly title: string;
  readonly rows: readonly (readonly string[])[];
  /** What a reader must know beside the figures. */
  readonly note?: string;
}

/** What a bench found: tables for people, figures for programs. */
export interface BenchResult {
  readonly tables: readonly Table[];
  readonly figures: unknown;
  /** SVG texts, by name of their file in docs/. */
  readonly pictures?: Readonly<Record<string, string>>;
}

/** Says what is under way; long work must not look dead. */
export type Report = (text: string) => void;

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Three significant digits, or whole numbers from a hundred on. */
export const number = (value: number): string =>
  Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);

/** The table as Markdown, aligned for a terminal as well. */
export const formatTable = ({ title, rows, note }: Table): string => {
  const align = (rows[0] ?? []).map((_, column) => (column === 0 ? 'l' : 'r'));
  const text = markdownTable(
    rows.map((row) => [...row]),
    { align },
  );
  return [`**${title}**`, '', text, ...(note === undefined ? [] : ['', note]), ''].join('\n');
};

/** Rows that each stand beside a baseline. */
export const resultOf = (title: string, rows: readonly BenchRow[]): BenchResult => ({
  figures: rows,
  tables: [
    {
      title,
      rows: [
        ['', 'measured', 'baseline, same run', 'ratio', 'promised'],
        ...rows.map(({ what, value, unit, baseline, promise }) => [
          what,
          `${number(value)} ${unit}`,
          baseline === undefined ? '' : `${number(baseline.value)} ${unit} (${baseline.what})`,
          baseline === undefined ? '' : `${(value / baseline.value).toFixed(2)}×`,
          promise ?? '',
        ]),
      ],
    },
  ],
});
