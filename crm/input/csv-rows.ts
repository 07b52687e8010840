import Papa from 'papaparse';
import { UserError } from '../terminal/problem.ts';
import { type InputRow, maxRecordChars, overlong } from './row.ts';

interface Parsed {
  readonly data: string[][];
  readonly errors: readonly unknown[];
  readonly meta: { readonly cursor: number };
}

// A file whose quotes are broken all over is better saved again than mended line by line.
const mostBrokenLines = 1000;
const windowChars = 64 * 1024;
const brokenQuote = 'has a quotation mark that is not closed, or not doubled inside a quoted cell';

/**
 * Splits the text of a CSV file into rows, block by block (RFC 4180, by papaparse).
 * A line whose quotes are broken, or that is longer than a record can be, is a faulty row; reading goes on behind it.
 */
export class CsvRows {
  private rest = '';
  private line = 1;
  private skipping = false;
  private brokenLines = 0;

  constructor(
    private readonly delimiter: string,
    private readonly newline: '\n' | '\r' = '\n',
  ) {}

  /** Rows that are complete with this block. */
  push(block: string): InputRow[] {
    const rows: InputRow[] = [];
    const text = this.skipping ? this.afterOverlongLine(block) : this.rest + block;
    // Only whole lines are parsed: a cut behind a closing quote would look like a broken one.
    const end = text.lastIndexOf(this.newline) + 1;
    this.rest = (end === 0 ? '' : this.whole(text.slice(0, end), rows)) + text.slice(end);
    while (this.rest.length > maxRecordChars) this.cutOverlong(rows);
    return rows;
  }

  /** The last row, where the file does not end with a line break. */
  end(): InputRow[] {
    const rows: InputRow[] = [];
    this.careful(this.rest, rows, false);
    this.rest = '';
    return rows;
  }

  /** Takes whole lines; returns those that a quoted cell does not end on. */
  private whole(text: string, rows: InputRow[]): string {
    const { data, errors, meta } = this.parse(text, true);
    if (errors.length > 0) return this.careful(text, rows, true);
    this.take(data, text, rows);
    return text.slice(meta.cursor);
  }

  private parse(text: string, ignoreLastRow: boolean, preview = 0): Parsed {
    const { delimiter, newline } = this;
    // With `preview`, the fast mode would split the whole text for a single row.
    const config = { delimiter, newline, ...(preview > 0 && { preview, fastMode: false }) };
    return new Papa.Parser(config).parse(text, 0, ignoreLastRow);
  }

  private take(data: readonly string[][], text: string, rows: InputRow[]): void {
    const quoted = text.includes('"');
    const crlf = this.newline === '\n' && text.includes('\r');
    for (const cells of data) {
      if (crlf) dropCarriageReturn(cells);
      if (cells.length > 1 || cells[0] !== '') rows.push({ line: this.line, cells });
      this.line += 1;
      if (quoted) this.line += breaksWithin(cells, this.newline);
    }
  }

  /** One row at a time, so that a broken one costs its own line only. Returns what is not complete yet. */
  private careful(text: string, rows: InputRow[], more: boolean): string {
    let at = 0;
    while (at < text.length) {
      const cut = text.lastIndexOf(this.newline, at + windowChars) + 1;
      const windowEnd = cut > at && text.length > at + windowChars ? cut : text.length;
      let parsed = this.parse(text.slice(at, windowEnd), more || windowEnd < text.length, 1);
      if (parsed.data.length === 0 && parsed.errors.length === 0 && windowEnd < text.length) {
        parsed = this.parse(text.slice(at), more, 1);
      }
      if (parsed.errors.length > 0) {
        const lineEnd = text.indexOf(this.newline, at);
        if (lineEnd < 0 && more) return text.slice(at);
        const end = lineEnd < 0 ? text.length : lineEnd;
        this.fault(text.slice(at, end), brokenQuote, rows);
        at = end + 1;
      } else if (parsed.data.length === 0) {
        return text.slice(at);
      } else {
        const end = at + parsed.meta.cursor;
        this.take(parsed.data, text.slice(at, end), rows);
        at = end;
      }
    }
    return '';
  }

  /** The rest is longer than any record: its first line is at fault, or the line is without end. */
  private cutOverlong(rows: InputRow[]): void {
    const lineEnd = this.rest.indexOf(this.newline);
    if (lineEnd < 0) {
      rows.push({ line: this.line, cells: [], fault: overlong });
      this.rest = '';
      this.skipping = true;
      return;
    }
    this.fault(this.rest.slice(0, lineEnd), brokenQuote, rows);
    this.rest = this.careful(this.rest.slice(lineEnd + 1), rows, true);
  }

  private afterOverlongLine(block: string): string {
    const lineEnd = block.indexOf(this.newline);
    if (lineEnd < 0) return '';
    this.skipping = false;
    this.line += 1;
    return block.slice(lineEnd + 1);
  }

  private fault(text: string, fault: string, rows: InputRow[]): void {
    rows.push({ line: this.line, cells: text.replace(/\r$/, '').split(this.delimiter), fault });
    this.line += 1;
    this.brokenLines += 1;
    if (this.brokenLines > mostBrokenLines) {
      throw new UserError(
        `More than ${mostBrokenLines} lines have broken quotation marks, up to line ${this.line - 1}: save the file again as CSV, or name the right --delimiter.`,
      );
    }
  }
}

const dropCarriageReturn = (cells: string[]): void => {
  const last = cells.length - 1;
  const cell = cells[last];
  if (cell?.endsWith('\r')) cells[last] = cell.slice(0, -1);
};

const breaksWithin = (cells: readonly string[], newline: string): number => {
  let count = 0;
  for (const cell of cells) {
    for (let at = cell.indexOf(newline); at >= 0; at = cell.indexOf(newline, at + 1)) count += 1;
  }
  return count;
};
