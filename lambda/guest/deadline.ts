import type { Clock, Deadline } from './ports.ts';

/** A deadline `ms` from now that also ends with `parent`. `clear` releases its timer. */
export const startDeadline = (
  clock: Clock,
  ms: number,
  parent?: AbortSignal,
): Deadline & { clear(): void } => {
  const endMs = clock.now() + ms;
  const { signal, clear } = clock.timeout(ms, parent);
  return { signal, clear, remainingMs: () => Math.max(0, endMs - clock.now()) };
};

/** Time kept back for the response before Lambda ends the invocation. */
const respondReserveMs = 500;

/** A request's budget in milliseconds: `longestMs`, or less where the invocation itself ends before. */
export const budgetMs = (longestMs: number, invocationLeftMs = Number.POSITIVE_INFINITY): number =>
  Math.max(0, Math.min(longestMs, invocationLeftMs - respondReserveMs));

/**
 * Runs clean-up that must be tried even when the request's time is over, within `graceMs` of its own.
 * What a request owes to others (ending its lease, remembering its guest) does not end with its budget.
 */
export const withGrace = async <T>(
  clock: Clock,
  deadline: Deadline,
  graceMs: number,
  work: (deadline: Deadline) => Promise<T>,
): Promise<T> => {
  const grace = startDeadline(clock, Math.max(graceMs, deadline.remainingMs()));
  try {
    return await work(grace);
  } finally {
    grace.clear();
  }
};
