import { CsvRows } from '../input/csv-rows.ts';
import { JsonRows, readJsonLine } from '../input/json-rows.ts';
import type { InputRow } from '../input/row.ts';
import { type Format, sniffDelimiter, sniffFormat } from '../input/sniff.ts';
import type { TextSource } from '../input/text-source.ts';
import { UserError } from '../terminal/problem.ts';
import { type ColumnOptions, checkOptionsAgainst, type Header, readHeader } from './columns.ts';
import { csvDraft } from './csv-draft.ts';
import { type Customer, type CustomerRules, type Draft, toCustomer } from './customer.ts';
import { unescapeFormula } from './formula.ts';
import { jsonDraft } from './json-draft.ts';
import { type Observations, observeAttributes, observeSessionId, observeText } from './observations.ts';
import type { Fault } from './record-check.ts';

/** A row that was not accepted, with everything that is wrong with it. */
export interface Rejected {
  readonly row: InputRow;
  readonly faults: readonly Fault[];
}

export interface ReadOptions extends ColumnOptions {
  readonly format: Format | undefined;
  readonly delimiter: string | undefined;
  readonly rules: CustomerRules;
}

/** What one block of the input holds. */
export interface Block {
  readonly customers: readonly Customer[];
  readonly rejected: readonly Rejected[];
}

/** An input, opened: its columns are known, its rows come block by block. */
export interface CustomerInput {
  readonly format: Format;
  readonly header: Header | undefined;
  readonly blocks: AsyncIterable<Block>;
}

interface Splitter {
  push(block: string): InputRow[];
  end(): InputRow[];
}

async function* rowsOf(source: TextSource, splitter: Splitter): AsyncGenerator<InputRow[]> {
  for await (const block of source.blocks) yield splitter.push(block);
  yield splitter.end();
}

const csvSplitter = (sample: string, delimiter: string | undefined): CsvRows =>
  new CsvRows(
    delimiter ?? sniffDelimiter(sample),
    // Old Macintosh programs end lines with a carriage return alone.
    sample.includes('\r') && !sample.includes('\n') ? '\r' : '\n',
  );

const empty = (row: InputRow): boolean => row.fault === undefined && row.cells.every((cell) => cell === '');

const widthFault = ({ cells }: InputRow, { names }: Header): string | undefined => {
  if (cells.length === names.length) return undefined;
  if (cells.length > names.length && cells.slice(names.length).every((cell) => cell === '')) return undefined;
  return `has ${cells.length} cells, the header has ${names.length}`;
};

/** The row itself, or the JSON that it carries where it was a rejected JSON line. */
const unwrapped = (row: InputRow, header: Header | undefined): InputRow => {
  const index = header?.roles.findIndex(({ kind }) => kind === 'json') ?? -1;
  const json = row.cells[index];
  return typeof json === 'string' && json !== '' ? readJsonLine(unescapeFormula(json), row.line) : row;
};

/** Checks rows one after the other; what was noticed on the way goes to `observations`. */
const rowChecker = (header: Header | undefined, options: ReadOptions, observations: Observations) => {
  const fromJson = jsonDraft(options);
  const fromCsv = header === undefined ? fromJson : csvDraft(header, options, observations);
  const carriesJson = header?.roles.some(({ kind }) => kind === 'json') ?? false;
  return (original: InputRow, suspicious: boolean): Customer | readonly Fault[] => {
    const row = carriesJson ? unwrapped(original, header) : original;
    const isJson = row !== original || header === undefined;
    const fault =
      row.fault ??
      (isJson || header === undefined ? undefined : widthFault(row, header)) ??
      (suspicious ? observeText(row, observations) : undefined);
    if (fault !== undefined) return [{ field: 'row', message: fault }];
    const draft: Draft = (isJson ? fromJson : fromCsv)(row);
    observeSessionId(row.line, draft, observations);
    if (isJson) observeAttributes(draft, observations);
    return toCustomer(row.line, draft, options.rules);
  };
};

const readCsvHeader = async (rows: AsyncIterator<InputRow[]>, options: ReadOptions, name: string) => {
  for (let next = await rows.next(); next.done !== true; next = await rows.next()) {
    const [first, ...rest] = next.value.filter((row) => !empty(row));
    if (first === undefined) continue;
    if (first.fault !== undefined) {
      throw new UserError(
        `${name}, line ${first.line}, ${first.fault}: it should be the header of a CSV file.`,
      );
    }
    const header = readHeader(first.cells.map(String), options);
    checkOptionsAgainst(header, options);
    return { header, rest };
  }
  throw new UserError(`${name} is empty.`);
};

const isCustomer = (checked: Customer | readonly Fault[]): checked is Customer => !Array.isArray(checked);

// One pass over a block's text is cheaper than one over each of its rows.
const suspiciousText = /[\0\uFFFD]|[,;|"\s][=+\-@]/;

/**
 * Reads customers from CSV or JSON Lines, block by block.
 * @throws UserError when the input as a whole cannot be read
 */
export const readCustomers = async (
  source: TextSource,
  options: ReadOptions,
  observations: Observations,
): Promise<CustomerInput> => {
  const format = options.format ?? sniffFormat(source.sample, source.name);
  let suspicious = false;
  // A cell may begin with a block: then what stands before it is the end of the block before.
  let last = '\n';
  const watched: TextSource = {
    ...source,
    blocks: (async function* () {
      for await (const block of source.blocks) {
        suspicious = suspiciousText.test(block) || suspiciousText.test(last + block.slice(0, 1));
        last = block.slice(-1) || last;
        yield block;
      }
    })(),
  };
  const splitter = format === 'csv' ? csvSplitter(source.sample, options.delimiter) : new JsonRows();
  const rows = rowsOf(watched, splitter);
  const start = format === 'csv' ? await readCsvHeader(rows, options, source.name) : undefined;
  const check = rowChecker(start?.header, options, observations);

  const block = (read: readonly InputRow[]): Block => {
    const customers: Customer[] = [];
    const rejected: Rejected[] = [];
    for (const row of read) {
      if (row.cells[0] === '' && empty(row)) continue;
      observations.rows += 1;
      const checked = check(row, suspicious || wasSuspicious);
      if (isCustomer(checked)) customers.push(checked);
      else rejected.push({ row, faults: checked });
    }
    // A row may have begun in the block before.
    wasSuspicious = suspicious;
    return { customers, rejected };
  };
  let wasSuspicious = true;
  return {
    format,
    header: start?.header,
    blocks: (async function* () {
      if (start !== undefined) yield block(start.rest);
      for (let next = await rows.next(); next.done !== true; next = await rows.next())
        yield block(next.value);
    })(),
  };
};
