import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** Where a command reads and writes: results to `out`, everything else to `notes`. */
export interface Terminal {
  readonly in: Readable;
  readonly out: Writable;
  readonly notes: Writable;
  /** Whether somebody sits there who can be asked. */
  readonly interactive: boolean;
  /** Whether a bar may be drawn over and over. */
  readonly animated: boolean;
  readonly columns: number;
}

export const print = (terminal: Terminal, text = ''): void => {
  terminal.out.write(`${text}\n`);
};

export const note = (terminal: Terminal, text = ''): void => {
  terminal.notes.write(`${text}\n`);
};

/** A number as people read it: 1,234,567. */
export const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');

/** "1 row", "2 rows". */
export const counted = (count: number, singular: string, plural = `${singular}s`): string =>
  `${grouped(count)} ${count === 1 ? singular : plural}`;

/** A duration as people read it: 850 ms, 12 s, 3 min 20 s, 2 h 5 min, 193 days. */
export const duration = (ms: number): string => {
  const seconds = Math.round(ms / 1000);
  if (seconds < 1) return `${Math.round(ms)} ms`;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : counted(Math.floor(hours / 24), 'day');
};

/** Asks and waits for one line; the end of the input counts as an empty line. */
export const ask = async (terminal: Terminal, question: string): Promise<string> => {
  terminal.notes.write(question);
  const lines = createInterface({ input: terminal.in, terminal: false });
  try {
    return await new Promise<string>((resolve) => {
      lines.once('line', (line) => resolve(line.trim()));
      lines.once('close', () => resolve(''));
    });
  } finally {
    lines.close();
  }
};
