import cliProgress from 'cli-progress';
import { duration, grouped, note, type Terminal } from './terminal.ts';

export interface Progress {
  /**
   * @param rows done so far
   * @param share of the whole that is done, 0 to 1; undefined when the size is not known
   */
  update(rows: number, share: number | undefined): void;
  /** Prints a line above the bar. */
  note(text: string): void;
  end(): void;
}

const plainIntervalMs = 5_000;

/** Time that the rest will probably take, in milliseconds. */
export const remainingMs = (elapsedMs: number, share: number | undefined): number | undefined =>
  share === undefined || share <= 0 || share > 1 ? undefined : (elapsedMs * (1 - share)) / share;

const figures = (rows: number, elapsedMs: number, share: number | undefined) => {
  const left = remainingMs(elapsedMs, share);
  return {
    rows: grouped(rows),
    rate: grouped(rows / Math.max(elapsedMs / 1000, 0.001)),
    left: left === undefined ? 'unknown' : duration(left),
  };
};

/** Room that a line needs beside label and bar: percentage, figures of hundreds of millions, hours. */
const figuresChars = 58;

/** Lines above the bar may wrap, the bar itself may not (DECAWM). */
const wrapOn = '\u001b[?7h';
const wrapOff = '\u001b[?7l';

/** A group of one bar: only a group can print lines above itself. */
const bar = (terminal: Terminal, label: string, startedAtMs: number): Progress => {
  const group = new cliProgress.MultiBar(
    {
      format: `${label} {bar} {percentage}% | {rows} rows | {rate}/s | {left} left`,
      stream: terminal.notes as NodeJS.WritableStream,
      hideCursor: true,
      // The bar leaves nothing behind: what follows it begins on an empty line.
      clearOnComplete: true,
      // A line that wraps could not be erased.
      linewrap: false,
      gracefulExit: false,
      barsize: Math.max(5, Math.min(30, terminal.columns - label.length - figuresChars)),
      fps: 8,
    },
    cliProgress.Presets.shades_classic,
  );
  const drawn = group.create(1000, 0, figures(0, 0, undefined));
  return {
    update: (rows, share) =>
      drawn.update(Math.round((share ?? 0) * 1000), figures(rows, Date.now() - startedAtMs, share)),
    note: (text) => {
      group.log(`${wrapOn}${text}\n${wrapOff}`);
      // Drawn at once: what is still waiting when the group stops would be lost.
      group.update();
    },
    end: () => group.stop(),
  };
};

const lines = (terminal: Terminal, label: string, startedAtMs: number): Progress => {
  let saidAtMs = startedAtMs;
  return {
    update: (rows, share) => {
      const now = Date.now();
      if (now - saidAtMs < plainIntervalMs) return;
      saidAtMs = now;
      const said = figures(rows, now - startedAtMs, share);
      const percent = share === undefined ? '' : ` (${Math.round(share * 100)} %)`;
      note(terminal, `${label}: ${said.rows} rows${percent}, ${said.rate}/s, ${said.left} left`);
    },
    note: (text) => note(terminal, text),
    end: () => undefined,
  };
};

/** A bar on a terminal; a line every few seconds anywhere else. */
export const startProgress = (terminal: Terminal, label: string): Progress =>
  (terminal.animated ? bar : lines)(terminal, label, Date.now());
