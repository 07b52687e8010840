import type { CallListener, ServiceCall } from '../call-listener.ts';

/** The latest calls of all embedded services, for the durations that the page shows. */
export interface CallJournal {
  readonly listener: CallListener;
  /**
   * `Server-Timing` of the calls that began since then (`performance.now()`). Requests that run at the same time
   * see each other's calls.
   */
  serverTiming(sinceMs: number): string;
}

const kept = 500;

const descriptions: Readonly<Record<string, string>> = {
  GetSecretValue: 'Read the secret',
  BatchGetItem: 'Look up CRM record and guest',
  GetItem: 'Read a table',
  PutItem: 'Write the registry',
  UpdateItem: 'Write the registry',
  DeleteItem: 'Write the registry',
  oauth: 'OAuth token from Genesys',
  guest: 'Create the guest',
  guest_token: 'Issue the guest token',
  enrich: 'Update the contact',
  SendMessage: 'Queue the registration',
  GetQueueAttributes: 'Ask how long the queue is',
};

type TimedCall = ServiceCall & { readonly startedAtMs: number };

/** `start` is ours: milliseconds since the request came in, since calls may run side by side. */
const entry =
  (sinceMs: number) =>
  ({ service, operation, durationMs, startedAtMs }: TimedCall, index: number): string =>
    `${service}-${index};dur=${durationMs.toFixed(1)};start=${(startedAtMs - sinceMs).toFixed(1)};` +
    `desc="${descriptions[operation] ?? operation}"`;

export const createCallJournal = (): CallJournal => {
  let calls: TimedCall[] = [];
  return {
    listener: (call) => {
      calls.push({ ...call, startedAtMs: performance.now() - call.durationMs });
      if (calls.length >= 2 * kept) calls = calls.slice(-kept);
    },
    serverTiming: (sinceMs) =>
      calls
        .filter(({ startedAtMs }) => startedAtMs >= sinceMs)
        .sort((a, b) => a.startedAtMs - b.startedAtMs)
        .map(entry(sinceMs))
        .join(', '),
  };
};
