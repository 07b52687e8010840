import { readJsonLine } from '../input/json-rows.ts';
import { isEmpty, openRows, type RowBlock, type RowOptions, widthFault } from '../input/open-rows.ts';
import type { InputRow } from '../input/row.ts';
import type { TextSource } from '../input/text-source.ts';
import { UserError } from '../terminal/problem.ts';
import { type ColumnUse, namesIn, nestedNamesIn, previewColumns } from './column-preview.ts';
import { type ColumnOptions, type Header, misspeltSentence, readHeader, roleOf } from './columns.ts';
import { csvDraft } from './csv-draft.ts';
import { type Customer, type CustomerRules, toCustomer } from './customer.ts';
import type { Draft } from './draft.ts';
import { unescapeFormula } from './formula.ts';
import { jsonDraft } from './json-draft.ts';
import { noteFirst, type Observations, observeAttributes, observeText } from './observations.ts';
import { refuseUnmatched, unmatchedOptions } from './option-check.ts';
import type { Fault } from './record-check.ts';

/** A row that was not accepted, with everything that is wrong with it. */
export interface Rejected {
  readonly row: InputRow;
  readonly faults: readonly Fault[];
}

export interface ReadOptions extends ColumnOptions, RowOptions {}

/** What one block of the input holds. */
export interface Block {
  readonly customers: readonly Customer[];
  readonly rejected: readonly Rejected[];
}

/** An input, opened: its columns are known, its rows come block by block. */
export interface CustomerInput {
  readonly header: Header | undefined;
  readonly columns: readonly ColumnUse[];
  /** Options that nothing in the first rows of JSON Lines matches: whether they match at all, only the whole file can say. */
  readonly unmatched: readonly (readonly [string, string])[];
  blocks(rules: CustomerRules, observations: Observations): AsyncIterable<Block>;
}

/** The row itself, or the JSON that it carries where it was a rejected JSON line. */
const unwrapped = (row: InputRow, header: Header | undefined): InputRow => {
  const index = header?.roles.findIndex(({ kind }) => kind === 'json') ?? -1;
  const json = row.cells[index];
  return typeof json === 'string' && json !== '' ? readJsonLine(unescapeFormula(json), row.line) : row;
};

/** Checks rows one after the other; what was noticed on the way goes to `observations`. */
const rowChecker = (
  header: Header | undefined,
  options: ReadOptions,
  rules: CustomerRules,
  observations: Observations,
) => {
  const fromJson = jsonDraft(options, observations);
  const fromCsv = header === undefined ? fromJson : csvDraft(header, options, observations);
  const carriesJson = header?.roles.some(({ kind }) => kind === 'json') ?? false;
  return (original: InputRow, suspicious: boolean): Customer | readonly Fault[] => {
    const row = carriesJson ? unwrapped(original, header) : original;
    const isJson = row !== original || header === undefined;
    const fault =
      row.fault ??
      (isJson || header === undefined ? undefined : widthFault(row, header.names.length)) ??
      // What a cell of JSON escapes, the text of the block does not show.
      (suspicious || carriesJson ? observeText(row, observations) : undefined);
    if (fault !== undefined) return [{ field: 'row', message: fault }];
    const draft: Draft = (isJson ? fromJson : fromCsv)(row);
    if (isJson) observeAttributes(draft, observations);
    return toCustomer(row.line, draft, rules);
  };
};

const isCustomer = (checked: Customer | readonly Fault[]): checked is Customer => !Array.isArray(checked);

/** The columns of CSV, and what becomes of them. */
const csvColumns = (names: readonly string[], sample: readonly InputRow[], options: ReadOptions) => {
  const header = readHeader(names, options);
  if (!header.roles.some(({ kind }) => kind === 'json')) {
    const columns = new Set(names);
    refuseUnmatched(unmatchedOptions(columns, options), columns);
  }
  const columns = previewColumns(
    names,
    (_, index) => header.roles[index] ?? { kind: 'ignored' },
    ({ cells }, _, index) => cells[index],
    sample,
  );
  return { header, columns, unmatched: [] };
};

/** The names of JSON Lines, as far as the first rows show them. */
const jsonColumns = (sample: readonly InputRow[], options: ReadOptions, source: string) => {
  const names = namesIn(sample);
  for (const name of names) {
    const role = roleOf(name, options);
    if (role.kind === 'misspelt')
      throw new UserError(`${source}: "${name}" ${misspeltSentence(name, role.field)}.`);
  }
  const columns = previewColumns(
    names,
    (name) => roleOf(name, options),
    ({ cells }, name) => (cells[0] as Record<string, unknown>)[name],
    sample.filter(({ fault }) => fault === undefined),
  );
  const known = new Set([...names, ...nestedNamesIn(sample, options)]);
  return { header: undefined, columns, unmatched: unmatchedOptions(known, options) };
};

/** Reads on until there are rows to look at. */
const firstRows = async (blocks: AsyncIterator<RowBlock>): Promise<RowBlock | undefined> => {
  for (let next = await blocks.next(); next.done !== true; next = await blocks.next()) {
    if (next.value.rows.length > 0) return next.value;
  }
  return undefined;
};

/**
 * Opens customers from CSV or JSON Lines: reads the header and the first rows, and checks the options against them.
 * @throws UserError when the input as a whole cannot be read, or columns and options do not fit
 */
export const readCustomers = async (source: TextSource, options: ReadOptions): Promise<CustomerInput> => {
  const { names, blocks } = await openRows(source, options);
  const iterator = blocks[Symbol.asyncIterator]();
  const first = await firstRows(iterator);
  const sample = first?.rows.slice(0, 200) ?? [];
  const opened =
    names === undefined ? jsonColumns(sample, options, source.name) : csvColumns(names, sample, options);

  async function* rows(): AsyncGenerator<RowBlock> {
    if (first !== undefined) yield first;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }

  return {
    ...opened,
    blocks: async function* (rules, observations) {
      const check = rowChecker(opened.header, options, rules, observations);
      for await (const block of rows()) {
        const customers: Customer[] = [];
        const rejected: Rejected[] = [];
        for (const row of block.rows) {
          if (row.cells[0] === '' && isEmpty(row)) continue;
          observations.rows += 1;
          const checked = check(row, block.suspicious);
          if (!isCustomer(checked)) rejected.push({ row, faults: checked });
          else {
            customers.push(checked);
            const { expiresAt } = checked.record;
            if (expiresAt !== undefined && expiresAt <= rules.nowSeconds)
              noteFirst(observations.expired, row.line);
          }
        }
        yield { customers, rejected };
      }
    },
  };
};
