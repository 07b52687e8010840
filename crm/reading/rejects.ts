import { once } from 'node:events';
import { createWriteStream, openSync, type WriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { type Header, rejectColumns } from '../customers/columns.ts';
import { csvLine } from '../customers/csv-line.ts';
import { escapeFormula } from '../customers/formula.ts';
import type { Rejected } from '../customers/read-customers.ts';
import type { Fault } from '../customers/record-check.ts';
import { codeOf } from '../terminal/problem.ts';

/** Where the rejects of an input go by default. */
export const rejectsPath = (file: string): string => `${file === '-' ? 'stdin' : file}.rejects.csv`;

const labelOf = (field: string, header: Header | undefined): string => {
  const index = header?.roles.findIndex((role) => role.kind === 'field' && role.field === field) ?? -1;
  return header?.names[index] ?? field;
};

/** The faults of a row as one sentence part, with the column names of its file. */
export const describeFaults = (faults: readonly Fault[], header: Header | undefined): string =>
  faults.map(({ field, message }) => `${labelOf(field, header)} ${message}`).join('; ');

/**
 * Creates a file that was not there: somebody may be mending the one of an earlier run. Where the name is taken, a
 * number is added to it.
 */
const createFresh = (path: string): { readonly path: string; readonly descriptor: number } => {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? path : path.replace(/(\.[^./\\]*)?$/, `-${number}$1`);
    try {
      return { path: candidate, descriptor: openSync(candidate, 'wx', 0o600) };
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
};

const own: readonly string[] = [rejectColumns.line, rejectColumns.reason];

/**
 * Writes rejected rows so that they can be mended in a spreadsheet and imported again: the original columns,
 * with line and reason in front. Rows of JSON Lines keep their JSON in one column. The file holds customers'
 * data: only its owner may read it.
 */
export class RejectsFile {
  private stream: WriteStream | undefined;
  private openedPath: string | undefined;

  constructor(
    private readonly path: string,
    private readonly header: Header | undefined,
  ) {}

  async add(rejected: readonly Rejected[]): Promise<void> {
    if (rejected.length === 0) return;
    const stream = this.stream ?? this.open();
    const text = rejected.map((one) => this.line(one)).join('');
    if (!stream.write(text)) await once(stream, 'drain');
  }

  /** The path, where there were rejects. */
  async close(): Promise<string | undefined> {
    if (this.stream === undefined) return undefined;
    this.stream.end();
    await finished(this.stream);
    return this.openedPath;
  }

  private open(): WriteStream {
    const { path, descriptor } = createFresh(this.path);
    this.openedPath = path;
    this.stream = createWriteStream(path, { fd: descriptor });
    // A byte order mark makes spreadsheets read UTF-8.
    this.stream.write(`\uFEFF${csvLine([...own, ...this.columns()])}`);
    return this.stream;
  }

  private columns(): readonly string[] {
    return this.header?.names.filter((name) => !own.includes(name)) ?? [rejectColumns.json];
  }

  private line({ row, faults }: Rejected): string {
    const { header } = this;
    const cells =
      header === undefined
        ? row.cells.map((cell) => (typeof cell === 'string' ? cell : JSON.stringify(cell)))
        : row.cells.filter((_, index) => !own.includes(header.names[index] ?? ''));
    const shown = cells.map((cell) => (header?.isOurs ? String(cell) : escapeFormula(String(cell))));
    return csvLine([row.line, describeFaults(faults, header), ...shown]);
  }
}
