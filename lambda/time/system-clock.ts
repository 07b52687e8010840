import type { Clock } from '../guest/ports.ts';

/** Real time. */
export const systemClock: Clock = {
  now: () => Date.now(),

  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', end);
        resolve();
      }, ms);
      signal?.addEventListener('abort', end, { once: true });
    });
  },

  timeout: (ms, parent) => {
    const controller = new AbortController();
    const end = () => {
      clear();
      controller.abort(parent?.reason);
    };
    const timer = setTimeout(() => {
      clear();
      controller.abort(new DOMException(`${ms} ms have passed`, 'TimeoutError'));
    }, ms);
    const clear = () => {
      clearTimeout(timer);
      parent?.removeEventListener('abort', end);
    };
    if (parent?.aborted) end();
    else parent?.addEventListener('abort', end, { once: true });
    return { signal: controller.signal, clear };
  },
};
