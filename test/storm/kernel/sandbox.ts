import type { Clock } from '../../../lambda/guest/ports.ts';
import type { Occurrence, Scheduler } from './scheduler.ts';

/**
 * What Lambda makes of a process: it runs while it is invoked, stands still between a response and the next
 * invocation, and ends without notice.
 */
export interface Sandbox {
  readonly name: string;
  /** The container's own clock, which may be wrong. */
  readonly clock: Clock;
  readonly isAlive: boolean;
  readonly isFrozen: boolean;
  /** Since when it stands still, in the world's time. */
  readonly frozenSinceMs: number;
  /** Timers that have neither fired nor been cleared. */
  readonly pendingTimers: number;
  /** A timer of a library inside. @returns what clears it */
  setTimer(ms: number, fire: () => void): () => void;
  /** Runs something inside as soon as the container runs; never, once it is dead. */
  deliver(fire: () => void): void;
  freeze(): void;
  /** Everything that came due meanwhile happens at once: timers first, as in Node's event loop. */
  thaw(): void;
  kill(): void;
}

interface Timer {
  readonly dueMs: number;
  occurrence: Occurrence;
  fire: (() => void) | undefined;
}

export const createSandbox = (name: string, scheduler: Scheduler, skewMs: number): Sandbox => {
  let state: 'running' | 'frozen' | 'dead' = 'running';
  let frozenSinceMs = 0;
  const timers = new Set<Timer>();
  let overdue: Timer[] = [];
  let arrived: (() => void)[] = [];

  const inside = (fire: () => void): void => {
    if (state === 'running') fire();
    else if (state === 'frozen') arrived.push(fire);
  };

  const start = (ms: number, fire: () => void): Timer => {
    const due = (): void => {
      if (state === 'frozen') overdue.push(timer);
      if (state === 'running') run(timer);
    };
    const timer: Timer = {
      dueMs: scheduler.now() + Math.max(1, ms),
      occurrence: scheduler.after(Math.max(1, ms), due),
      fire,
    };
    timers.add(timer);
    return timer;
  };
  const run = (timer: Timer): void => {
    timers.delete(timer);
    timer.fire?.();
  };
  const stop = (timer: Timer): void => {
    timer.fire = undefined;
    timer.occurrence.fire = undefined;
    timers.delete(timer);
  };

  const clock: Clock = {
    now: () => scheduler.now() + skewMs,

    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const end = (): void => {
          stop(timer);
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
      const end = (): void => {
        clear();
        controller.abort(parent?.reason);
      };
      const timer = start(ms, () => {
        clear();
        controller.abort(new DOMException(`${ms} ms have passed`, 'TimeoutError'));
      });
      const clear = (): void => {
        stop(timer);
        parent?.removeEventListener('abort', end);
      };
      if (parent?.aborted) end();
      else parent?.addEventListener('abort', end, { once: true });
      return { signal: controller.signal, clear };
    },
  };

  return {
    name,
    clock,
    get isAlive() {
      return state !== 'dead';
    },
    get isFrozen() {
      return state === 'frozen';
    },
    get frozenSinceMs() {
      return frozenSinceMs;
    },
    get pendingTimers() {
      return timers.size;
    },
    setTimer: (ms, fire) => {
      const timer = start(ms, fire);
      return () => stop(timer);
    },
    deliver: inside,
    freeze: () => {
      if (state !== 'running') return;
      state = 'frozen';
      frozenSinceMs = scheduler.now();
    },
    thaw: () => {
      if (state !== 'frozen') return;
      state = 'running';
      const due = overdue.sort((a, b) => a.dueMs - b.dueMs);
      const waiting = arrived;
      overdue = [];
      arrived = [];
      for (const timer of due) scheduler.after(0, () => inside(() => run(timer)));
      for (const fire of waiting) scheduler.after(0, () => inside(fire));
    },
    kill: () => {
      state = 'dead';
      for (const timer of timers) timer.occurrence.fire = undefined;
      timers.clear();
      overdue = [];
      arrived = [];
    },
  };
};
