import { runRow } from './cell.ts';
import { brokenPromises } from './expectations.ts';
import { type Lane, startLane } from './lane.ts';
import { type Cell, nameOf, type Row, type State, states } from './observation.ts';
import type { Budgets } from './settings.ts';
import { createCertificates } from './wire/certificates.ts';

export interface Result {
  readonly row: Row;
  readonly cells: Readonly<Record<State, Cell>>;
}

/** A cell that breaks a promise. */
export interface RedCell {
  readonly name: string;
  readonly broken: readonly string[];
}

export const redCells = (results: readonly Result[]): readonly RedCell[] =>
  results.flatMap(({ row, cells }) =>
    states.flatMap((state) => {
      const broken = brokenPromises(row, state, cells[state]);
      return broken.length === 0 ? [] : [{ name: `${nameOf(row)}/${state}`, broken }];
    }),
  );

export interface RunOptions {
  readonly rows: readonly Row[];
  /** Rows at once, each in a world of its own. */
  readonly lanes: number;
  readonly budgets: Budgets;
  readonly onResult?: (result: Result) => void;
  /** Told of a row that was red beside others and was run again alone. */
  readonly onAgain?: (first: Result, again: Result) => void;
}

/** Runs each row in a lane: rows of one function after the other, so that its helpers serve many. */
export const runMatrix = async ({
  rows,
  lanes,
  budgets,
  onResult,
  onAgain,
}: RunOptions): Promise<readonly Result[]> => {
  const certificates = await createCertificates();
  const results = new Map<string, Result>();
  const waiting = [...rows];
  const work = async (lane: Lane): Promise<void> => {
    let subject: string | undefined;
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      if (row.subject !== subject) await lane.containers.dismissHelpers();
      subject = row.subject;
      const result = { row, cells: await runRow(row, lane, budgets) };
      results.set(nameOf(row), result);
      onResult?.(result);
    }
  };
  const running: Lane[] = [];
  try {
    await Promise.all(
      Array.from({ length: Math.min(lanes, rows.length) }, async () => {
        const lane = await startLane(budgets, certificates);
        running.push(lane);
        await work(lane);
      }),
    );
    // A machine that is busy with other lanes is slow itself: what was red is asked again, alone.
    const [lane] = running;
    for (const result of results.values()) {
      if (lane === undefined || redCells([result]).length === 0) continue;
      const { row } = result;
      await lane.containers.dismissHelpers();
      const again = { row, cells: await runRow(row, lane, budgets) };
      results.set(nameOf(row), again);
      onAgain?.(result, again);
    }
    return rows.flatMap((row) => results.get(nameOf(row)) ?? []);
  } finally {
    await Promise.all(running.map(async (lane) => await lane.close()));
    certificates.remove();
  }
};
