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
  /** Attribute → its type, instead of guessing by each value. */
  readonly types: ReadonlyMap<string, ValueType>;
}

export type Role =
  | { readonly kind: 'field'; readonly field: FieldName }
  | { readonly kind: 'attribute'; readonly name: string; readonly type: ValueType | undefined }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'json' };

const plain = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '');
const fieldByPlainName = new Map<string, FieldName>(fieldNames.map((field) => [plain(field), field]));
const ignored: Role = { kind: 'ignored' };

/**
 * What a column of that name is. Fields are recognised in any case, and with spaces, hyphens or underscores
 * ("E-Mail", "first_name"); every other name is an attribute, exactly as it is written.
 */
export const roleOf = (column: string, { map, ignore, types }: ColumnOptions): Role => {
  if (column === rejectColumns.json) return { kind: 'json' };
  if (column === rejectColumns.line || column === rejectColumns.reason || ignore.has(column)) return ignored;
  const name = map.get(column) ?? column;
  const field = fieldByPlainName.get(plain(name));
  if (field !== undefined) return { kind: 'field', field };
  return { kind: 'attribute', name, type: types.get(name) };
};

/** The columns of a CSV file. */
export interface Header {
  readonly names: readonly string[];
  readonly roles: readonly Role[];
  readonly byField: ReadonlyMap<FieldName, number>;
  /** Whether the file was written by us as rejects, to be mended and imported again. */
  readonly isRejects: boolean;
}

/**
 * Reads a header. Its names are not repeated in errors: without a header, they are the first customer's data.
 * @throws UserError when two columns mean the same, or the visitor or the e-mail address has none
 */
export const readHeader = (cells: readonly string[], options: ColumnOptions): Header => {
  const names = cells.map((cell) => cell.trim());
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
  return { names, roles, byField, isRejects: names.includes(rejectColumns.reason) };
};

const requireColumns = (byField: ReadonlyMap<FieldName, number>): void => {
  if (!byField.has('sessionId') && !byField.has('sessionHash')) {
    throw new UserError(
      'No column is called sessionId or sessionHash. The first line must name the columns; --map "Your Column=sessionId" renames one, --delimiter tells how they are separated.',
    );
  }
  if (!byField.has('email')) {
    throw new UserError('No column is called email. --map "Your Column=email" renames one.');
  }
};

/** @throws UserError when an option names a column that the file does not have */
export const checkOptionsAgainst = ({ names }: Header, { map, ignore }: ColumnOptions): void => {
  const unknown = [...map.keys(), ...ignore].filter((name) => !names.includes(name));
  if (unknown.length > 0) {
    throw new UserError(
      `The file has no column ${unknown.map((name) => `"${name}"`).join(', ')} (--map, --ignore).`,
    );
  }
};
