import TinyQueue from 'tinyqueue';
import type { Clock } from '../../lambda/guest/ports.ts';

/** A clock that jumps from one event to the next: hours pass in seconds, and always in the same order. */
export interface VirtualClock extends Clock {
  /** Does something after so many milliseconds. */
  after(ms: number, fire: () => void): void;
  /** Lets time pass until `isOver`, or until nothing is left to happen. */
  run(isOver: () => boolean): Promise<void>;
}

interface Timer {
  readonly atMs: number;
  readonly order: number;
  /** Absent once it was cleared. */
  fire: (() => void) | undefined;
}

/** After so many events the process gets to its input and output. */
const eventsBetweenPauses = 20_000;

/**
 * Lets all promise chains run as far as they get. Node runs a tick that was asked for inside a microtask only when
 * no microtask is left, and that costs a fraction of a turn of the event loop.
 * @see https://nodejs.org/api/process.html#when-to-use-queuemicrotask-vs-processnexttick
 */
const settled = async (): Promise<void> =>
  await new Promise((resolve) => {
    process.nextTick(resolve);
  });

export const createVirtualClock = (startMs: number): VirtualClock => {
  const timers = new TinyQueue<Timer>([], (a, b) => a.atMs - b.atMs || a.order - b.order);
  let nowMs = startMs;
  let order = 0;

  const start = (ms: number, fire: () => void): Timer => {
    order += 1;
    const timer: Timer = { atMs: nowMs + Math.max(0, ms), order, fire };
    timers.push(timer);
    return timer;
  };

  return {
    now: () => nowMs,

    after: (ms, fire) => {
      start(ms, fire);
    },

    sleep: async (ms, signal) =>
      await new Promise<void>((resolve, reject) => {
        if (signal === undefined) {
          start(ms, resolve);
          return;
        }
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const timer = start(ms, () => {
          signal.removeEventListener('abort', end);
          resolve();
        });
        const end = () => {
          timer.fire = undefined;
          reject(signal.reason);
        };
        signal.addEventListener('abort', end, { once: true });
      }),

    timeout: (ms, parent) => {
      const controller = new AbortController();
      const end = () => {
        clear();
        controller.abort(parent?.reason);
      };
      const timer = start(ms, () => {
        clear();
        controller.abort(new DOMException(`${ms} ms have passed`, 'TimeoutError'));
      });
      const clear = () => {
        timer.fire = undefined;
        parent?.removeEventListener('abort', end);
      };
      if (parent?.aborted) end();
      else parent?.addEventListener('abort', end, { once: true });
      return { signal: controller.signal, clear };
    },

    run: async (isOver) => {
      // From here on this is a microtask.
      await Promise.resolve();
      await settled();
      for (let events = 1; !isOver(); ) {
        const due = timers.pop();
        if (due === undefined) return;
        if (due.fire === undefined) continue;
        nowMs = Math.max(nowMs, due.atMs);
        due.fire();
        await settled();
        events += 1;
        if (events % eventsBetweenPauses === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
};
