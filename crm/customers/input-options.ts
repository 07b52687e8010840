import { type Command, InvalidArgumentError, Option } from 'commander';
import { type ValueType, valueTypes } from './cell-value.ts';
import type { ReadOptions } from './read-customers.ts';

/** Options of every command that reads customers. */
export interface InputOptions {
  readonly map?: ReadonlyMap<string, string>;
  readonly ignore?: ReadonlySet<string>;
  readonly attributes?: ReadonlySet<string>;
  readonly type?: ReadonlyMap<string, ValueType>;
  readonly ttl?: number;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly format?: 'csv' | 'jsonl';
  readonly rejects?: string;
  readonly allowRejects?: boolean;
  readonly strict?: boolean;
  readonly json?: boolean;
}

const pair = (text: string): readonly [string, string] => {
  const at = text.lastIndexOf('=');
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError('It should look like "Name=other".');
  return [text.slice(0, at), text.slice(at + 1)];
};

/** `a=b,c=d`; the option may also be repeated. */
const pairs = (text: string, before?: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...(before ?? []), ...text.split(',').map(pair)]);

const typedPairs = (text: string, before?: ReadonlyMap<string, ValueType>): ReadonlyMap<string, ValueType> =>
  new Map([
    ...(before ?? []),
    ...text.split(',').map((part): readonly [string, ValueType] => {
      const [name, type] = pair(part);
      const known = valueTypes.find((candidate) => candidate === type);
      if (known === undefined) throw new InvalidArgumentError(`A type is one of ${valueTypes.join(', ')}.`);
      return [name, known];
    }),
  ]);

const names = (text: string, before?: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...(before ?? []), ...text.split(',').map((name) => name.trim())]);

const secondsOf = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800, y: 31_536_000 } as const;

/** Seconds of a duration such as 90d, 12h or 2y. */
export const parseTtl = (text: string): number => {
  const [, count, unit] = /^(\d{1,7})([smhdwy])$/.exec(text.trim()) ?? [];
  const seconds = Number(count) * secondsOf[unit as keyof typeof secondsOf];
  if (!(seconds > 0 && seconds <= 100 * secondsOf.y))
    throw new InvalidArgumentError('It should look like 90d (s, m, h, d, w or y), at most 100y.');
  return seconds;
};

const separators: Readonly<Record<string, string>> = {
  comma: ',',
  semicolon: ';',
  tab: '\t',
  '\\t': '\t',
  bar: '|',
  pipe: '|',
};

export const parseDelimiter = (text: string): string => {
  const delimiter = separators[text] ?? text;
  if (delimiter.length !== 1 || /["\r\n]/.test(delimiter)) {
    throw new InvalidArgumentError('It is one character, or one of comma, semicolon, tab, bar.');
  }
  return delimiter;
};

export const parseEncoding = (text: string): string => {
  try {
    return new TextDecoder(text).encoding;
  } catch {
    throw new InvalidArgumentError('Known are utf-8, utf-16le, windows-1252, iso-8859-15 and many more.');
  }
};

/** Adds the options that tell how the input is to be read, and what becomes of its faults. */
export const withInput = (command: Command): Command =>
  command
    .optionsGroup('The input:')
    .option('--map <column=name>', 'rename columns, e.g. --map "Kunden-Mail=email,Stufe=tier"', pairs)
    .option('--ignore <columns>', 'leave columns out, e.g. --ignore "Notes,Phone"', names)
    .option('--attributes <columns>', 'columns that are attributes although they resemble a field', names)
    .option(
      '--type <name=type>',
      'type of an attribute: string, number or boolean (default: by each value)',
      typedPairs,
    )
    .option('--ttl <duration>', 'let records without expiresAt expire, e.g. 90d', parseTtl)
    .option('--delimiter <character>', 'separator of the cells (default: found out)', parseDelimiter)
    .option('--encoding <name>', 'e.g. windows-1252 (default: UTF-8, or by byte order mark)', parseEncoding)
    .addOption(
      new Option('--format <format>', 'format of the input (default: found out)').choices(['csv', 'jsonl']),
    )
    .optionsGroup('Faults:')
    .option(
      '--rejects <file>',
      'where rejected rows go (default: <file>.rejects.csv; never over a file that is there)',
    )
    .option('--strict', 'stop at the first rejected row')
    .option('--allow-rejects', 'end with success even if rows were rejected')
    .option('--json', 'print the summary as JSON');

/** The part of the options that concerns how rows are read. */
export const readOptions = ({
  map,
  ignore,
  attributes,
  type,
  format,
  delimiter,
}: InputOptions): ReadOptions => ({
  map: map ?? new Map(),
  ignore: ignore ?? new Set(),
  attributes: attributes ?? new Set(),
  types: type ?? new Map(),
  format,
  delimiter,
});
