import { setTimeout as sleep } from 'node:timers/promises';
import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';
import { UserError } from '../terminal/problem.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';

const baseMs = 25;
const longestMs = 5_000;

/** How long to wait before a repetition: exponential with full jitter. */
export const backoffMs = (attempt: number, random: () => number = Math.random): number =>
  random() * Math.min(longestMs, baseMs * 2 ** Math.min(attempt, 20));

/** Whether a failed request may succeed when it is repeated. */
const isTemporary = (error: unknown): boolean => {
  const failure = error as Parameters<typeof isTransientError>[0];
  return isThrottlingError(failure) || isTransientError(failure) || isServerError(failure);
};

/**
 * Repeats requests while the store is short of capacity or cannot be reached, and gives up when nothing at all
 * has gone through for a while. Every refusal lowers the concurrency.
 */
export class Patience {
  private lastProgressMs: number;

  constructor(
    private readonly limit: ConcurrencyLimit,
    /** Longest time without any progress, in milliseconds. */
    private readonly patienceMs = 5 * 60_000,
    private readonly now: () => number = Date.now,
  ) {
    this.lastProgressMs = now();
  }

  /**
   * Runs `work` on `items` until it leaves none; it returns those that must be repeated.
   * @throws UserError when the store does not recover
   */
  async until<T>(items: readonly T[], work: (items: readonly T[]) => Promise<readonly T[]>): Promise<void> {
    let left = items;
    for (let attempt = 0; left.length > 0; attempt += 1) {
      const before = left.length;
      const failure = await work(left).then(
        (rest) => {
          left = rest;
          return undefined;
        },
        (error: unknown) => error,
      );
      if (failure !== undefined && !isTemporary(failure)) throw failure;
      if (left.length < before) this.lastProgressMs = this.now();
      if (left.length === 0) {
        // A batch that went through only after refusals says nothing about room for more.
        if (attempt === 0) this.limit.succeeded();
        return;
      }
      this.limit.refused();
      if (this.now() - this.lastProgressMs > this.patienceMs) {
        const cause = failure === undefined ? 'items were left unprocessed' : String((failure as Error).name);
        throw new UserError(
          `The table took nothing for ${Math.round(this.patienceMs / 1000)} seconds (${cause}). Try again later with --resume.`,
        );
      }
      await sleep(backoffMs(attempt));
    }
  }
}
