/**
 * Waits for `work` no longer than until the signal is aborted; the work itself goes on.
 * @throws the signal's reason when that comes first
 */
export const abortable = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  let end: (() => void) | undefined;
  const ended = new Promise<never>((_, reject) => {
    end = () => reject(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    if (end !== undefined) signal.removeEventListener('abort', end);
  }
};
