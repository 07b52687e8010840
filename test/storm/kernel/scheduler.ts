import TinyQueue from 'tinyqueue';

/** One thing that happens at one moment of the world's time. */
export interface Occurrence {
  readonly atMs: number;
  readonly order: number;
  /** Absent once it was called off. */
  fire: (() => void) | undefined;
}

/** The only thing in a world that moves: time jumps from one occurrence to the next. */
export interface Scheduler {
  now(): number;
  at(atMs: number, fire: () => void): Occurrence;
  after(ms: number, fire: () => void): Occurrence;
  /** Until nothing is left to happen. @returns false where that never comes */
  run(): Promise<boolean>;
}

/** A world has some ten thousand; one that has so many goes round in circles. */
const mostOccurrences = 400_000;
/** After so many occurrences the process gets to its input and output. */
const occurrencesBetweenPauses = 50_000;

/**
 * Lets all promise chains run as far as they get. Node runs a tick that was asked for inside a microtask only when
 * no microtask is left.
 * @see https://nodejs.org/api/process.html#when-to-use-queuemicrotask-vs-processnexttick
 */
const settled = async (): Promise<void> =>
  await new Promise((resolve) => {
    process.nextTick(resolve);
  });

export const createScheduler = (startMs: number): Scheduler => {
  const queue = new TinyQueue<Occurrence>([], (a, b) => a.atMs - b.atMs || a.order - b.order);
  let nowMs = startMs;
  let order = 0;

  const at = (atMs: number, fire: () => void): Occurrence => {
    order += 1;
    const occurrence: Occurrence = { atMs: Math.max(nowMs, atMs), order, fire };
    queue.push(occurrence);
    return occurrence;
  };

  return {
    now: () => nowMs,
    at,
    after: (ms, fire) => at(nowMs + ms, fire),
    run: async () => {
      // From here on this is a microtask.
      await Promise.resolve();
      await settled();
      for (let count = 1; count < mostOccurrences; ) {
        const next = queue.pop();
        if (next === undefined) return true;
        if (next.fire === undefined) continue;
        nowMs = next.atMs;
        next.fire();
        await settled();
        count += 1;
        if (count % occurrencesBetweenPauses === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      return false;
    },
  };
};
