import Papa from 'papaparse';
import { UserError } from '../terminal/problem.ts';

const magics: readonly { readonly bytes: readonly number[]; readonly what: string }[] = [
  {
    bytes: [0x50, 0x4b, 0x03, 0x04],
    what: 'an Excel workbook or ZIP archive: save the sheet as "CSV UTF-8" first',
  },
  {
    bytes: [0xd0, 0xcf, 0x11, 0xe0],
    what: 'an old Excel workbook: save the sheet as "CSV UTF-8" first',
  },
  { bytes: [0x25, 0x50, 0x44, 0x46], what: 'a PDF: export the data as CSV or JSON Lines' },
  { bytes: [0x50, 0x41, 0x52, 0x31], what: 'a Parquet file: export the data as CSV or JSON Lines' },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], what: 'compressed with Zstandard: use gzip or no compression' },
  { bytes: [0x42, 0x5a, 0x68], what: 'compressed with bzip2: use gzip or no compression' },
];

const startsWith = (head: Uint8Array, bytes: readonly number[]): boolean =>
  bytes.every((byte, index) => head[index] === byte);

export const isGzip = (head: Uint8Array): boolean => startsWith(head, [0x1f, 0x8b]);

const isTextByte = (byte: number): boolean => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;

/**
 * Encoding of a text from its first bytes: its byte order mark, else UTF-8.
 * @throws UserError when the bytes are no text
 */
export const sniffEncoding = (head: Uint8Array, name: string): string => {
  if (startsWith(head, [0xff, 0xfe])) return 'utf-16le';
  if (startsWith(head, [0xfe, 0xff])) return 'utf-16be';
  const known = magics.find(({ bytes }) => startsWith(head, bytes));
  if (known !== undefined) throw new UserError(`${name} is ${known.what}.`);
  const odd = head.reduce((count, byte) => count + (isTextByte(byte) ? 0 : 1), 0);
  if (
    odd > head.length / 4 &&
    head.every((byte, index) => index % 2 === 0 || byte === 0 || head[index - 1] === 0)
  ) {
    throw new UserError(`${name} looks like UTF-16 without a byte order mark: add --encoding utf-16le.`);
  }
  // A stray control character is a fault of its row; a file full of them is no text at all.
  if (odd > Math.max(8, head.length / 50)) {
    throw new UserError(
      `${name} is a binary file: only CSV and JSON Lines can be read (gzip of either as well).`,
    );
  }
  return 'utf-8';
};

export type Format = 'csv' | 'jsonl';

/** @throws UserError for a JSON document that is not JSON Lines */
export const sniffFormat = (sample: string, name: string): Format => {
  const first = sample.trimStart()[0];
  if (first === '[') {
    throw new UserError(`${name} is a JSON array: write one object a line (JSON Lines) instead.`);
  }
  return first === '{' ? 'jsonl' : 'csv';
};

const separators = [',', ';', '\t', '|'];

/** "Separator" of a file with one column: a character that no text has, so that every line is one cell. */
export const noDelimiter = '\u001f';

/**
 * The separator of a CSV file by its header: comma, semicolon, tab or bar; none where the header has none of them.
 * Rows have no say in it: a list of one column may hold `ACME, Inc`.
 */
export const sniffDelimiter = (sample: string): string => {
  const header = sample.split(/\r\n|\r|\n/).find((line) => line.trim() !== '') ?? '';
  const named = /^"?sep=(.)"?\s*$/i.exec(header)?.[1];
  if (named !== undefined) return named;
  const unquoted = header.replace(/"(?:[^"]|"")*"/g, '');
  const [first = noDelimiter, ...others] = separators.filter((separator) => unquoted.includes(separator));
  if (others.length === 0) return first;
  return Papa.parse(sample, { preview: 20, skipEmptyLines: 'greedy', delimitersToGuess: [first, ...others] })
    .meta.delimiter;
};
