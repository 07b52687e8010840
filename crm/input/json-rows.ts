import { type InputRow, maxRecordChars, overlong } from './row.ts';

const isObject = (value: unknown): value is Record<string, unknown> =>
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

/** Splits JSON Lines into rows, block by block. */
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
    if (this.skipping) this.rest = '';
    if (this.rest.length > maxRecordChars) {
      rows.push({ line: this.line, cells: [''], fault: overlong });
      this.skipping = true;
      this.rest = '';
    }
    return rows;
  }

  end(): InputRow[] {
    const rows: InputRow[] = [];
    if (!this.skipping) this.take(this.rest, rows);
    this.rest = '';
    return rows;
  }

  private take(text: string, rows: InputRow[]): void {
    if (!this.skipping && text.trim() !== '') {
      rows.push(
        text.length > maxRecordChars
          ? { line: this.line, cells: [''], fault: overlong }
          : readJsonLine(text, this.line),
      );
    }
    this.skipping = false;
    this.line += 1;
  }
}
