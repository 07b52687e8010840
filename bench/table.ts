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

/** Tells what is under way; long work must not look dead. */
export type Report = (text: string) => void;

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);

/** The rows as an aligned table. */
export const formatTable = (title: string, rows: readonly BenchRow[]): string => {
  const cells = rows.map(({ what, value, unit, baseline, promise }) => [
    what,
    `${number(value)} ${unit}`,
    baseline === undefined ? '' : `${number(baseline.value)} ${unit} (${baseline.what})`,
    baseline === undefined ? '' : `${(value / baseline.value).toFixed(2)}×`,
    promise ?? '',
  ]);
  const all = [['', 'measured', 'baseline, same run', 'ratio', 'promised'], ...cells];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [title, ...lines.map((line) => `  ${line}`), ''].join('\n');
};
