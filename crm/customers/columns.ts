import { distance } from 'fastest-levenshtein';
import { UserError } from '../terminal/problem.ts';
import { isUsableName } from './attributes.ts';
import type { ValueType } from './cell-value.ts';

/** What a column is: a field of the record, the visitor's key, or an entry of `attributes`. */
export const fieldNames = [
  'sessionId',
  'sessionHash',
  'email',
  'firstName',
  'tier',
  'previousTickets',
  'crmId',
  'updatedAt',
  'expiresAt',
  'attributes',
] as const;
export type FieldName = (typeof fieldNames)[number];

/** Columns that a file of rejects has beside the original ones. */
export const rejectColumns = { line: 'reject_line', reason: 'reject_reason', json: 'reject_json' } as const;

export interface ColumnOptions {
  /** Column of the file → field or attribute. */
  readonly map: ReadonlyMap<string, string>;
  readonly ignore: ReadonlySet<string>;
  /** Columns that are attributes although their name resembles a field's. */
  readonly attributes: ReadonlySet<string>;
  /** Attribute → its type, instead of guessing by each value. */
  readonly types: ReadonlyMap<string, ValueType>;
}

export type Role =
  | { readonly kind: 'field'; readonly field: FieldName }
  | { readonly kind: 'attribute'; readonly name: string; readonly type: ValueType | undefined }
  | { readonly kind: 'misspelt'; readonly field: FieldName }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'json' };

/** Column that marks a file as written by "export"; an import leaves it out. */
export const exportNumber = 'export_number';

const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '');
const fieldByPlainName = new Map<string, FieldName>(fieldNames.map((field) => [plain(field), field]));
const ignored: Role = { kind: 'ignored' };

const sorted = (text: string): string => [...text].sort().join('');

/** Whether somebody who meant one word may have written the other: two slips, one in a short word, or letters swapped. */
const isSlip = (written: string, meant: string): boolean => {
  const slips = distance(written, meant);
  return slips <= (meant.length < 5 ? 1 : 2) || (slips === 2 && sorted(written) === sorted(meant));
};

/** The field whose name a name resembles so much that it is most likely a slip: `frist_name`, `previousTicktes`. */
export const resembledField = (name: string): FieldName | undefined =>
  fieldNames.find((field) => isSlip(plain(name), plain(field)));

const own = new Set<string>([rejectColumns.line, rejectColumns.reason, exportNumber]);

/**
 * What a column of that name is. Fields are recognised in any case, and with spaces, hyphens or underscores
 * ("E-Mail", "first_name"); every other name is an attribute, exactly as it is written, unless it resembles a field.
 */
export const roleOf = (column: string, { map, ignore, attributes, types }: ColumnOptions): Role => {
  if (column === rejectColumns.json) return { kind: 'json' };
  if (own.has(column) || ignore.has(column)) return ignored;
  const name = map.get(column) ?? column;
  const field = attributes.has(column) ? undefined : fieldByPlainName.get(plain(name));
  if (field !== undefined) return { kind: 'field', field };
  const meant = map.has(column) || attributes.has(column) ? undefined : resembledField(name);
  return meant === undefined
    ? { kind: 'attribute', name, type: types.get(name) }
    : { kind: 'misspelt', field: meant };
};

/** What to do about a name that resembles a field. */
export const misspeltSentence = (column: string, field: FieldName): string =>
  `looks like ${field}, misspelt: rename it (--map "${column}=${field}"), or say that it is an attribute (--attributes "${column}")`;

/** The columns of a CSV file. */
export interface Header {
  readonly names: readonly string[];
  readonly roles: readonly Role[];
  readonly byField: ReadonlyMap<FieldName, number>;
  /** Whether the file was written by us, as rejects or as an export: cells that a spreadsheet would run are disarmed. */
  readonly isOurs: boolean;
}

/**
 * Reads a header. Its names are not repeated in errors: without a header, they are the first customer's data.
 * @throws UserError when two columns mean the same, or the visitor or the e-mail address has none
 */
export const readHeader = (names: readonly string[], options: ColumnOptions): Header => {
  const byField = new Map<FieldName, number>();
  const attributes = new Set<string>();
  const roles = names.map((name, index): Role => {
    if (name === '') return ignored;
    const role = roleOf(name, options);
    if (role.kind === 'field') {
      if (byField.has(role.field)) {
        throw new UserError(
          `Two columns are both ${role.field}: drop one with --ignore, or rename it with --map.`,
        );
      }
      byField.set(role.field, index);
    }
    if (role.kind === 'misspelt') {
      throw new UserError(`Column "${name}" ${misspeltSentence(name, role.field)}.`);
    }
    if (role.kind === 'attribute') {
      if (!isUsableName(role.name)) {
        throw new UserError(`An attribute cannot be called ${role.name}: rename it with --map.`);
      }
      if (attributes.has(role.name)) {
        throw new UserError(`Columns ${index + 1} and another one have the same name: rename one of them.`);
      }
      attributes.add(role.name);
    }
    return role;
  });
  if (!roles.some(({ kind }) => kind === 'json')) requireColumns(byField);
  return {
    names,
    roles,
    byField,
    isOurs: names.includes(rejectColumns.reason) || names.includes(exportNumber),
  };
};

const requireColumns = (byField: ReadonlyMap<FieldName, number>): void => {
  if (!byField.has('sessionId') && !byField.has('sessionHash')) {
    throw new UserError(
      'No column is called sessionId or sessionHash. The first line must name the columns; --map "Your Column=sessionId" renames one, --delimiter names what separates them.',
    );
  }
  if (!byField.has('email')) {
    throw new UserError('No column is called email. --map "Your Column=email" renames one.');
  }
};
