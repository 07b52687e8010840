import { UserError } from '../terminal/problem.ts';
import { CsvRows } from './csv-rows.ts';
import { JsonRows } from './json-rows.ts';
import type { InputRow } from './row.ts';
import { type Format, sniffDelimiter, sniffFormat } from './sniff.ts';
import { isSuspicious, textFault } from './text-fault.ts';
import type { TextSource } from './text-source.ts';

export interface RowOptions {
  readonly format?: Format | undefined;
  readonly delimiter?: string | undefined;
}

/** Rows that are complete with one block of the input. */
export interface RowBlock {
  readonly rows: readonly InputRow[];
  /** Whether the texts of these rows have to be looked at one by one. */
  readonly suspicious: boolean;
}

/** An input whose header was read. */
export interface RowSource {
  /** Names of the columns, as they are written; undefined for JSON Lines. */
  readonly names: readonly string[] | undefined;
  readonly blocks: AsyncIterable<RowBlock>;
}

interface Splitter {
  push(block: string): InputRow[];
  end(): InputRow[];
}

export const isEmpty = (row: InputRow): boolean =>
  row.fault === undefined && row.cells.every((cell) => cell === '');

/** Why a row does not fit under its header; undefined when it does. Trailing empty cells are forgiven. */
export const widthFault = ({ cells }: InputRow, width: number): string | undefined => {
  if (cells.length === width) return undefined;
  if (cells.length > width && cells.slice(width).every((cell) => cell === '')) return undefined;
  return `has ${cells.length} cells, the header has ${width}`;
};

const csvSplitter = (sample: string, delimiter: string): CsvRows =>
  new CsvRows(
    delimiter,
    // Old Macintosh programs end lines with a carriage return alone.
    sample.includes('\r') && !sample.includes('\n') ? '\r' : '\n',
  );

async function* split(source: TextSource, splitter: Splitter, isJson: boolean): AsyncGenerator<RowBlock> {
  // A cell may begin with a block: then what stands before it is the end of the block before.
  let last = '\n';
  let wasSuspicious = true;
  for await (const block of source.blocks) {
    const suspicious = isSuspicious(block, isJson) || isSuspicious(last + block.slice(0, 1), isJson);
    last = block.slice(-1) || last;
    // A row may have begun in the block before.
    yield { rows: splitter.push(block), suspicious: suspicious || wasSuspicious };
    wasSuspicious = suspicious;
  }
  yield { rows: splitter.end(), suspicious: true };
}

/** Excel's own first line, which names the separator and is no header. */
const isSeparatorLine = ({ line, cells }: InputRow, delimiter: string): boolean =>
  line === 1 && /^sep=.?$/i.test(cells.join(delimiter).trim());

/** @throws UserError when the header cannot be one; its names are not repeated: they may be a customer's data */
const checkHeader = (row: InputRow, name: string): readonly string[] => {
  if (row.fault !== undefined) {
    throw new UserError(`${name}, line ${row.line}, ${row.fault}: it should be the header of a CSV file.`);
  }
  const names = row.cells.map((cell) => String(cell).trim());
  const fault = names.map(textFault).find((found) => found !== undefined);
  if (fault !== undefined) throw new UserError(`${name}: the header ${fault}.`);
  return names;
};

/**
 * Splits an input into rows, block by block. Every command that reads people's files reads them here.
 * @throws UserError when the input has no usable header
 */
export const openRows = async (source: TextSource, options: RowOptions): Promise<RowSource> => {
  const format = options.format ?? sniffFormat(source.sample, source.name);
  if (format === 'jsonl') return { names: undefined, blocks: split(source, new JsonRows(), true) };
  const delimiter = options.delimiter ?? sniffDelimiter(source.sample);
  const blocks = split(source, csvSplitter(source.sample, delimiter), false);
  for (let next = await blocks.next(); next.done !== true; next = await blocks.next()) {
    const { rows, suspicious } = next.value;
    const at = rows.findIndex((row) => !isEmpty(row) && !isSeparatorLine(row, delimiter));
    const header = rows[at];
    if (header === undefined) continue;
    const rest = rows.slice(at + 1);
    return {
      names: checkHeader(header, source.name),
      blocks: (async function* () {
        yield { rows: rest, suspicious };
        yield* blocks;
      })(),
    };
  }
  throw new UserError(`${source.name} is empty.`);
};
