import { type InputRow, maxRecordChars, overlong } from './row.ts';

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads one line of JSON Lines: its object as the only cell. The parser's message would repeat the text. */
export const readJsonLine = (text: string, line: number): InputRow => {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return { line, cells: [value] };
    return { line, cells: [text], fault: 'is not a JSON object' };
  } catch {
    return { line, cells: [text], fault: 'is not valid JSON' };
  }
};

/** Splits JSON Lines into rows, block by block. A line that is longer than a record can be is a faulty row. */
export class JsonRows {
  private rest = '';
  private line = 1;
  private skipping = false;

  push(block: string): InputRow[] {
    const rows: InputRow[] = [];
    const text = this.rest + block;
    let at = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      this.take(text.slice(at, end), rows);
      at = end + 1;
    }
    this.rest = text.slice(at);
    if (this.rest.length > maxRecordChars) {
      if (!this.skipping) this.overlong(rows);
      this.skipping = true;
      this.rest = '';
    }
    return rows;
  }

  end(): InputRow[] {
    const rows: InputRow[] = [];
    this.take(this.rest, rows);
    this.rest = '';
    return rows;
  }

  private take(text: string, rows: InputRow[]): void {
    if (this.skipping) this.skipping = false;
    else if (text.length > maxRecordChars) this.overlong(rows);
    else if (text.trim() !== '') rows.push(readJsonLine(text, this.line));
    this.line += 1;
  }

  private overlong(rows: InputRow[]): void {
    rows.push({ line: this.line, cells: [''], fault: overlong });
  }
}
