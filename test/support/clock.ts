import { startDeadline } from '../../lambda/guest/deadline.ts';
import type { Clock, Deadline } from '../../lambda/guest/ports.ts';

/** A clock that only moves when it is turned. */
export interface TestClock extends Clock {
  /** Turns the clock: timers fire in their order, and what waited for each gets to run before the next. */
  advance(ms: number): Promise<void>;
  /** Time passes while the process stands still: timers that are due fire only when the clock is turned again. */
  freeze(ms: number): void;
  /** Timers that have neither fired nor been cleared. */
  readonly pendingTimers: number;
}

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

/** Lets promise chains and immediate callbacks run as far as they get without time passing. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

export const createTestClock = (startMs = Date.parse('2026-05-15T10:00:00.000Z')): TestClock => {
  let nowMs = startMs;
  const timers = new Set<Timer>();
  const start = (ms: number, fire: () => void): Timer => {
    const timer = { atMs: nowMs + Math.max(0, ms), fire };
    timers.add(timer);
    return timer;
  };
  /** The earliest timer that is due; of equals the one that was started first. */
  const nextDue = (untilMs: number): Timer | undefined =>
    [...timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0];

  return {
    now: () => nowMs,

    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const end = () => {
          timers.delete(timer);
          reject(signal?.reason);
        };
        const timer = start(ms, () => {
          signal?.removeEventListener('abort', end);
          resolve();
        });
        signal?.addEventListener('abort', end, { once: true });
      });
    },

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
        timers.delete(timer);
        parent?.removeEventListener('abort', end);
      };
      if (parent?.aborted) end();
      else parent?.addEventListener('abort', end, { once: true });
      return { signal: controller.signal, clear };
    },

    advance: async (ms) => {
      const untilMs = nowMs + ms;
      await settle();
      for (let due = nextDue(untilMs); due !== undefined; due = nextDue(untilMs)) {
        timers.delete(due);
        nowMs = Math.max(nowMs, due.atMs);
        due.fire();
        await settle();
      }
      nowMs = untilMs;
    },

    freeze: (ms) => {
      nowMs += ms;
    },

    get pendingTimers() {
      return timers.size;
    },
  };
};

/** A deadline on a test's clock. */
export const deadlineIn = (clock: Clock, ms = 8000, parent?: AbortSignal): Deadline & { clear(): void } =>
  startDeadline(clock, ms, parent);
