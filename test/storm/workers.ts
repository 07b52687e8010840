import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { Violation } from './audit/facts.ts';
import { planOf } from './plan.ts';
import { createStorm, digestOf } from './storm.ts';

/** What is kept of a world that went by. */
export interface WorldReport {
  readonly seed: number;
  readonly digest: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
}

export const runWorld = async (
  storm: Awaited<ReturnType<typeof createStorm>>,
  seed: number,
): Promise<WorldReport> => {
  const { trace, counts, violations } = await storm(planOf(seed));
  return { seed, digest: digestOf(trace), counts, violations };
};

/** Whoever asked may have seen enough. */
const ignore = (): void => undefined;

/** A process that runs the worlds it is given, one after the other. */
export const serveWorlds = async (): Promise<void> => {
  const storm = await createStorm();
  process.on('message', (seed: number) => {
    runWorld(storm, seed).then(
      (report) => process.send?.(report, ignore),
      (error: unknown) => {
        process.stderr.write(`seed ${seed}: ${error instanceof Error ? error.stack : error}\n`);
        process.exit(70);
      },
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.('ready');
};

/**
 * Runs worlds on several processors and yields their reports in the order of their seeds.
 * @param script the command-line program, which serves worlds when it is forked with `worker`
 */
export async function* runWorlds(
  seeds: Iterable<number>,
  script: string,
  jobs = availableParallelism(),
): AsyncGenerator<WorldReport> {
  const todo = seeds[Symbol.iterator]();
  const done = new Map<number, WorldReport>();
  const order: number[] = [];
  let failure: Error | undefined;
  let wake = (): void => undefined;
  let active = 0;

  const next = (child: ChildProcess): void => {
    const { value, done: over } = todo.next();
    if (over === true) {
      child.disconnect();
      return;
    }
    order.push(value);
    child.send(value);
  };
  const children = Array.from({ length: jobs }, () => {
    const child = fork(script, ['worker'], { execArgv: process.execArgv });
    active += 1;
    child.on('message', (message: WorldReport | 'ready') => {
      if (message !== 'ready') done.set(message.seed, message);
      next(child);
      wake();
    });
    child.on('exit', (code) => {
      active -= 1;
      if (code !== 0 && code !== null) failure = new Error(`a worker ended with ${code}`);
      wake();
    });
    return child;
  });
  try {
    for (;;) {
      const [first] = order;
      const report = first === undefined ? undefined : done.get(first);
      if (report !== undefined) {
        order.shift();
        done.delete(report.seed);
        yield report;
        continue;
      }
      if (failure !== undefined) throw failure;
      if (active === 0) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    for (const child of children) if (child.connected) child.disconnect();
  }
}
