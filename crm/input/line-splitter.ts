import { maxRecordChars } from './row.ts';

/** Splits text into lines, block by block. A line longer than a record comes as its first part only. */
export class LineSplitter {
  private rest = '';

  push(block: string): string[] {
    const lines = (this.rest + block).split('\n');
    this.rest = (lines.pop() ?? '').slice(0, maxRecordChars);
    return lines.map(withoutCarriageReturn);
  }

  /** The last line, where the text does not end with a line break. */
  end(): string[] {
    const { rest } = this;
    this.rest = '';
    return rest === '' ? [] : [withoutCarriageReturn(rest)];
  }
}

const withoutCarriageReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);
