import type { InputRow } from './row.ts';

// Three expressions: together they would take twice as long.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const damaged = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\uFFFD]/;
const formula = /[,;|"\s][=+\-@]/;
const escaped = /\\[bfu]/;

/**
 * Whether the rows of a block deserve a closer look, in one pass: control characters (also those that JSON escapes),
 * what a wrong encoding leaves behind, and beginnings of formulas.
 */
export const isSuspicious = (block: string, isJson: boolean): boolean =>
  damaged.test(block) || formula.test(block) || (isJson && escaped.test(block));

// Tabs and line breaks are text; every other control character is damage, or an attack on a terminal.
const control = /(?![\t\n\r])\p{Cc}/u;

const notUtf8 =
  'has characters that are not UTF-8: save the file as UTF-8, or name its --encoding (often windows-1252)';

/** Why a text cannot be what somebody wrote; undefined when it can. */
export const textFault = (text: string): string | undefined => {
  if (text.includes('\0')) return 'has a NUL byte in it';
  if (text.includes('\uFFFD')) return notUtf8;
  if (control.test(text)) return 'has a control character in it';
  return text.isWellFormed() ? undefined : 'has half of a character (a lone surrogate) in it';
};

const textsIn = (cell: unknown): string[] => {
  if (typeof cell === 'string') return [cell];
  if (typeof cell !== 'object' || cell === null) return [];
  return Object.entries(cell).flatMap(([name, value]) => [name, ...textsIn(value)]);
};

/** All texts of a row: its cells or, for JSON, names and values to any depth. */
export const textsOf = ({ cells }: InputRow): string[] => cells.flatMap(textsIn);
