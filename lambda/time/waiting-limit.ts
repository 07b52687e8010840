import type { Clock } from '../guest/ports.ts';

const tickMs = 20;
/** More than this between two ticks was not waiting: the process did not get to run. */
const longestTickMs = 2 * tickMs;

/**
 * A signal that aborts after `ms` of waiting, or with `parent`. Time in which this process itself did not run does not
 * count: a container that starts cold on a small share of a processor must not take its own slowness for
 * a dead table.
 */
export const limitWaiting = (
  clock: Clock,
  ms: number,
  parent?: AbortSignal,
): { readonly signal: AbortSignal; clear(): void } => {
  const controller = new AbortController();
  let leftMs = ms;
  let clearTick = (): void => undefined;

  const stop = (reason: unknown): void => {
    clear();
    controller.abort(reason);
  };
  const onParent = (): void => stop(parent?.reason);
  const clear = (): void => {
    clearTick();
    parent?.removeEventListener('abort', onParent);
  };
  const tick = (): void => {
    const startedAtMs = clock.now();
    const timer = clock.timeout(Math.min(tickMs, leftMs));
    clearTick = timer.clear;
    timer.signal.addEventListener('abort', () => {
      leftMs -= Math.min(Math.max(1, clock.now() - startedAtMs), longestTickMs);
      if (leftMs > 0) tick();
      else stop(timer.signal.reason);
    });
  };

  if (parent?.aborted) onParent();
  else {
    parent?.addEventListener('abort', onParent, { once: true });
    tick();
  }
  return { signal: controller.signal, clear };
};
