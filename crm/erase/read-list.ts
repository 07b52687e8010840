import type { Readable } from 'node:stream';
import type { SessionHashKey } from '../../lambda/guest/session-hash.ts';
import { roleOf } from '../customers/columns.ts';
import { isEmpty, openRows, type RowOptions, widthFault } from '../input/open-rows.ts';
import type { InputRow } from '../input/row.ts';
import { textFault, textsOf } from '../input/text-fault.ts';
import { openText } from '../input/text-source.ts';
import { UserError } from '../terminal/problem.ts';
import { customerSubject, hashSubject, type Subject, sessionSubject } from './subjects.ts';

const identifiers = ['sessionId', 'sessionHash', 'crmId'] as const;
type Identifier = (typeof identifiers)[number];

/** A list of people, and how it was read. */
export interface ErasureList {
  readonly subjects: readonly Subject[];
  /** Columns as they are written; those that name nobody are not used. */
  readonly used: readonly string[];
  readonly unused: readonly string[];
  readonly rows: number;
}

export interface ListOptions extends RowOptions {
  readonly encoding?: string | undefined;
}

const noOptions = {
  map: new Map(),
  ignore: new Set<string>(),
  attributes: new Set<string>(),
  types: new Map(),
};

const identifierOf = (column: string): Identifier | undefined => {
  const role = roleOf(column, noOptions);
  return role.kind === 'field' ? identifiers.find((name) => name === role.field) : undefined;
};

const subjectOf = (
  identifier: Identifier,
  value: string,
  keys: readonly SessionHashKey[],
  from: string,
): Subject => {
  if (identifier === 'sessionId') return sessionSubject(value, keys, from);
  return identifier === 'sessionHash' ? hashSubject(value, from) : customerSubject(value, from);
};

/** The named cells of a row: those of CSV by the header, those of a JSON line by their own names. */
const cellsOf = (
  row: InputRow,
  names: readonly string[] | undefined,
): readonly (readonly [string, unknown])[] =>
  names === undefined
    ? Object.entries(row.cells[0] as Record<string, unknown>)
    : names.map((name, index) => [name, row.cells[index]]);

const subjectsOf = (
  row: InputRow,
  names: readonly string[] | undefined,
  keys: readonly SessionHashKey[],
): readonly Subject[] => {
  const fault =
    row.fault ??
    (names === undefined ? undefined : widthFault(row, names.length)) ??
    textsOf(row)
      .map(textFault)
      .find((found) => found !== undefined);
  if (fault !== undefined) throw new UserError(`${fault}.`);
  const subjects: Subject[] = [];
  for (const [name, value] of cellsOf(row, names)) {
    const identifier = identifierOf(name);
    if (identifier === undefined || value === '' || value === undefined || value === null) continue;
    if (typeof value !== 'string') throw new UserError(`${name} must be a text, in quotation marks.`);
    subjects.push(subjectOf(identifier, value, keys, `line ${row.line}`));
  }
  if (subjects.length === 0) throw new UserError('names nobody.');
  return subjects;
};

/**
 * Reads whom to erase from CSV or JSON Lines with a column sessionId, sessionHash or crmId, by the rules that an import
 * reads with: row width, encoding, control characters.
 * @throws UserError naming the line of the first row that is at fault: nobody is to be forgotten, or mistaken, silently
 */
export const readList = async (
  path: string,
  options: ListOptions,
  keys: readonly SessionHashKey[],
  stdin: Readable,
): Promise<ErasureList> => {
  const source = await openText(path, options.encoding, stdin);
  const { names, blocks } = await openRows(source, options);
  if (names !== undefined && !names.some((name) => identifierOf(name) !== undefined)) {
    throw new UserError(
      `${path}: the first line must name the columns; one is sessionId, sessionHash or crmId.`,
    );
  }
  const subjects: Subject[] = [];
  let rows = 0;
  for await (const block of blocks) {
    for (const row of block.rows) {
      if (row.cells.length <= 1 && isEmpty(row)) continue;
      rows += 1;
      try {
        subjects.push(...subjectsOf(row, names, keys));
      } catch (error) {
        if (error instanceof UserError) throw new UserError(`${path}, line ${row.line}: ${error.message}`);
        throw error;
      }
    }
  }
  const columns =
    names ??
    identifiers.filter((name) => subjects.some(({ kind }) => (name === 'crmId') === (kind === 'customer')));
  const used = columns.filter((name) => identifierOf(name) !== undefined);
  return { subjects, used, unused: columns.filter((name) => !used.includes(name)), rows };
};
