import { AsyncLocalStorage } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers';
import type { Sandbox } from './sandbox.ts';

const inside = new AsyncLocalStorage<Sandbox>();

/** Runs a container's code: the timers that its libraries set run on the world's time. */
export const runInside = <T>(sandbox: Sandbox, work: () => T): T => inside.run(sandbox, work);

/**
 * Replaces the process's timers for whatever runs inside a container; Middy has one for each invocation.
 * Everything else keeps the real ones.
 */
export const replaceTimers = (): void => {
  const { setTimeout: realSet, clearTimeout: realClear } = globalThis;
  const stops = new WeakMap<object, () => void>();
  const set = (fire: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): unknown => {
    const sandbox = inside.getStore();
    if (sandbox === undefined) return realSet(fire, ms, ...args);
    const handle = { unref: () => handle, ref: () => handle };
    stops.set(
      handle,
      sandbox.setTimer(ms, () => fire(...args)),
    );
    return handle;
  };
  const clear = (handle?: unknown): void => {
    const stop = typeof handle === 'object' && handle !== null ? stops.get(handle) : undefined;
    if (stop === undefined) realClear(handle as NodeJS.Timeout);
    else stop();
  };
  const replaced = { setTimeout: Object.assign(set, realSet), clearTimeout: clear };
  Object.assign(globalThis, replaced);
  Object.assign(timers, replaced);
  syncBuiltinESMExports();
};
