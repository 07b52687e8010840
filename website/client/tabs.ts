import type { Guest } from './guest-profiles.d.ts';
import type { SessionRecord } from './session-record.ts';
import { within } from './within.ts';

/** What tabs tell each other: a guest with the session and consent it belongs to; or to forget, and what changes in the session. */
export type TabMessage = readonly [
  idOrChanges: string | SessionRecord | undefined,
  body?: string,
  guest?: Guest,
];

/** A line to the other tabs, where the browser has one. It never leaves the browser. */
export const openChannel = (name: string, hear: (message: TabMessage) => void): BroadcastChannel | null => {
  try {
    const channel = new BroadcastChannel(name);
    channel.onmessage = ({ data }) => hear(data);
    return channel;
  } catch {
    // An old browser, or an origin that may have none.
    return null;
  }
};

/**
 * Runs when no other tab does, or after `patienceMs` all the same; at once where the browser has no Web Locks.
 * `waited` says that another tab was first.
 */
export const alone = async <T>(
  name: string,
  signal: AbortSignal,
  patienceMs: number,
  run: (waited: boolean) => Promise<T>,
): Promise<T> => {
  let running: Promise<T> | undefined;
  const begin = (waited: boolean): Promise<T> => {
    running = run(waited);
    return running;
  };
  try {
    await navigator.locks.request(name, { ifAvailable: true }, (lock) => lock && begin(false));
    if (!running) {
      await navigator.locks.request(name, { signal: within(signal, patienceMs) }, () => begin(true));
    }
  } catch {
    // No locks here, or waited long enough. What the run itself throws comes from `running`.
  }
  signal.throwIfAborted();
  return await (running ?? run(false));
};
