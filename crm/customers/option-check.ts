import { distance } from 'fastest-levenshtein';
import { UserError } from '../terminal/problem.ts';
import type { ColumnOptions } from './columns.ts';

/** Every name that options use for columns or attributes of the input. */
const namesInOptions = ({
  map,
  ignore,
  attributes,
  types,
}: ColumnOptions): readonly (readonly [string, string])[] => [
  ...[...map.keys()].map((name) => ['--map', name] as const),
  ...[...ignore].map((name) => ['--ignore', name] as const),
  ...[...attributes].map((name) => ['--attributes', name] as const),
  ...[...types.keys()].map((name) => ['--type', name] as const),
];

/** Options that no column matches: mistyped most likely, and then the column is taken for what it should not be. */
export const unmatchedOptions = (
  columns: ReadonlySet<string>,
  options: ColumnOptions,
): readonly (readonly [string, string])[] => {
  const attributes = new Set([...columns].map((column) => options.map.get(column) ?? column));
  return namesInOptions(options).filter(
    ([option, name]) => !(option === '--type' ? attributes : columns).has(name),
  );
};

/** @throws UserError naming each option that no column matches, and the nearest column */
export const refuseUnmatched = (
  unmatched: readonly (readonly [string, string])[],
  columns: ReadonlySet<string>,
  where = 'The file',
): void => {
  if (unmatched.length === 0) return;
  const named = unmatched.map(([option, name]) => {
    const near = [...columns].find((column) => distance(column.toLowerCase(), name.toLowerCase()) <= 2);
    return `"${name}" (${option}${near === undefined ? '' : `; is "${near}" meant?`})`;
  });
  throw new UserError(`${where} has no column ${named.join(', ')}.`);
};
