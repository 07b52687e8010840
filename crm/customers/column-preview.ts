import type { InputRow } from '../input/row.ts';
import { inferValue } from './cell-value.ts';
import type { ColumnOptions, Role } from './columns.ts';

/** What becomes of one column of the input. */
export interface ColumnUse {
  readonly column: string;
  readonly as: 'field' | 'attribute' | 'ignored';
  /** Name of the field or attribute. */
  readonly name?: string;
  /** Types of an attribute's values: those of the first rows, or the one that was given. */
  readonly types?: readonly string[];
  /** Whether people seem to write anything they like there. */
  readonly freeText?: boolean;
}

const typeNames = { string: 'text', number: 'number', boolean: 'true/false' } as const;
const freeTextName = /note|comment|remark|descri|message|bemerkung|kommentar|notiz|anmerkung/i;
const longTextChars = 60;

const looksFree = (column: string, values: readonly string[]): boolean =>
  freeTextName.test(column) ||
  values.some((value) => value.includes('\n') || (value.length > longTextChars && value.includes(' ')));

const typeOf = (value: unknown): string =>
  typeNames[typeof value as keyof typeof typeNames] ?? 'neither text, number nor true/false';

/** Describes a column by its role and the values of the first rows. */
const useOf = (column: string, role: Role, values: readonly unknown[]): ColumnUse => {
  if (role.kind === 'field') return { column, as: 'field', name: role.field };
  if (role.kind !== 'attribute') return { column, as: 'ignored' };
  const present = values.filter((value) => value !== '' && value !== undefined && value !== null);
  const seen = present.map((value) => typeOf(typeof value === 'string' ? inferValue(value) : value));
  const types = role.type === undefined ? [...new Set(seen)] : [typeNames[role.type]];
  const texts = present.filter((value) => typeof value === 'string');
  return { column, as: 'attribute', name: role.name, types, freeText: looksFree(column, texts) };
};

/** The use of each column, by its role and the first rows. */
export const previewColumns = (
  names: readonly string[],
  roleFor: (name: string, index: number) => Role,
  cellOf: (row: InputRow, name: string, index: number) => unknown,
  sample: readonly InputRow[],
): readonly ColumnUse[] =>
  names.map((name, index) =>
    useOf(
      name,
      roleFor(name, index),
      sample.map((row) => cellOf(row, name, index)),
    ),
  );

const shownColumns = 60;

const describe = ({ column, as, name, types = [], freeText }: ColumnUse): string => {
  if (as === 'ignored') return `${column === '' ? '(no name)' : column}: left out`;
  if (as === 'field') return `${column} → ${name}${name === 'sessionId' ? ', hashed on this machine' : ''}`;
  const type = types.length === 0 ? 'empty in the first rows' : types.join(' or ');
  const warning = freeText ? `; free text, does it belong there? (--ignore "${column}" leaves it out)` : '';
  return `${column} → attribute ${name} (${type}${warning})`;
};

/** The use of the columns as lines; no value of any row. */
export const describeColumns = (columns: readonly ColumnUse[]): string[] => [
  ...columns.slice(0, shownColumns).map(describe),
  ...(columns.length > shownColumns ? [`… and ${columns.length - shownColumns} more`] : []),
];

/** Names that occur in the first rows of JSON Lines, in order. */
export const namesIn = (rows: readonly InputRow[]): readonly string[] => {
  const names = new Set<string>();
  for (const { cells } of rows) {
    const [object] = cells;
    if (typeof object === 'object' && object !== null)
      for (const name of Object.keys(object)) names.add(name);
  }
  return [...names];
};

/** Attribute types matter for names inside `attributes`, too. */
export const nestedNamesIn = (rows: readonly InputRow[], { map }: ColumnOptions): readonly string[] =>
  rows.flatMap(({ cells }) => {
    const [object] = cells as [Record<string, unknown> | undefined];
    if (typeof object !== 'object' || object === null) return [];
    return Object.entries(object).flatMap(([name, value]) =>
      (map.get(name) ?? name) === 'attributes' && typeof value === 'object' && value !== null
        ? Object.keys(value)
        : [],
    );
  });
