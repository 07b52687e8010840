/** A cell as CSV has it (text) or JSON Lines (any JSON value); `undefined` and `null` are absent. */
export type Cell = unknown;

/** One record of the input. */
export interface InputRow {
  /** Physical line on which the record begins, from 1. */
  readonly line: number;
  readonly cells: readonly Cell[];
  /** Why the record could not be read; `cells` then hold what can be shown of it. */
  readonly fault?: string;
}

/** Longest record that is read, in characters: DynamoDB keeps at most 400 KB of it. */
export const maxRecordChars = 1024 * 1024;

export const overlong = 'is longer than 1 MiB';
