import type { Clock } from '../../lambda/guest/ports.ts';

export interface FleetOptions<Container> {
  readonly clock: Clock;
  /** Invocations at once, at most. */
  readonly concurrency: number;
  readonly coldStartMs: () => number;
  readonly idleMs: number;
  readonly start: () => Container;
}

/**
 * The containers of one Lambda function: each serves one invocation at a time, a warm one is used before a new one
 * is started, and one that has idled for too long is gone.
 */
export const createFleet = <Container>(options: FleetOptions<Container>) => {
  const { clock, concurrency, coldStartMs, idleMs, start } = options;
  // The one that was used last comes first, so that the others may expire.
  let idle: { readonly container: Container; readonly sinceMs: number }[] = [];
  let busy = 0;
  const counts = { started: 0, invocations: 0, throttled: 0, peak: 0, billedMs: 0 };

  const warm = (): Container | undefined => {
    const gone = idle.findIndex(({ sinceMs }) => clock.now() - sinceMs < idleMs);
    if (gone !== 0) idle = gone < 0 ? [] : idle.slice(gone);
    return idle.pop()?.container;
  };

  const cold = async (): Promise<Container> => {
    counts.started += 1;
    await clock.sleep(coldStartMs());
    return start();
  };

  return {
    counts,
    /** Runs something in a container; `throttled` where all of them are busy. */
    invoke: async <T>(work: (container: Container) => Promise<T>): Promise<T | 'throttled'> => {
      if (busy >= concurrency) {
        counts.throttled += 1;
        return 'throttled';
      }
      busy += 1;
      counts.invocations += 1;
      counts.peak = Math.max(counts.peak, busy);
      const startedAtMs = clock.now();
      try {
        const container = warm() ?? (await cold());
        const result = await work(container);
        idle.push({ container, sinceMs: clock.now() });
        return result;
      } finally {
        busy -= 1;
        counts.billedMs += Math.ceil(clock.now() - startedAtMs);
      }
    },
  };
};
