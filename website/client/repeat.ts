import { GuestError } from './guest-error.ts';
import type { Guest, GuestState } from './guest-profiles.d.ts';

const ceilingSeconds = 30;

/**
 * Repeats a request while that can help: not before the time that the server named, with full jitter beyond it, until
 * `maxWaitMs` would be over.
 * @throws GuestError of the last attempt; the signal's reason when it was aborted
 */
export const repeat = async (
  attempt: () => Promise<Guest>,
  signal: AbortSignal,
  maxWaitMs: number,
  tell: (state: GuestState) => void,
): Promise<Guest> => {
  const endsAt = performance.now() + maxWaitMs;
  let before: string | undefined;
  for (let count = 1; ; count += 1) {
    tell({ name: 'asking', attempt: count });
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof GuestError)) throw error;
      const { code: reason, retryable, retryAfterSeconds = 0 } = error;
      const offline = reason === 'offline';
      const left = (endsAt - performance.now()) / 1000;
      const seconds = offline
        ? left
        : retryAfterSeconds + Math.random() * Math.min(ceilingSeconds, 2 ** count);
      // A connection that broke may look like a refused origin once; twice in a row it is no accident.
      const refused = reason === 'origin_refused' && reason === before;
      if (!retryable || refused || left <= 0 || seconds > left) throw error;
      before = reason;
      const resumesAt = performance.now() + seconds * 1000;
      for (let rest = seconds; rest > 0 && !(offline && navigator.onLine); ) {
        tell({
          name: 'waiting',
          attempt: count,
          reason,
          ...(offline ? {} : { secondsLeft: Math.ceil(rest) }),
        });
        // Second by second, so that the countdown counts and the network's return is noticed.
        await new Promise((resolve) => setTimeout(resolve, Math.min(rest, 1) * 1000));
        signal.throwIfAborted();
        rest = (resumesAt - performance.now()) / 1000;
      }
    }
  }
};
