import { setTimeout as sleep } from 'node:timers/promises';
import { isServerError, isThrottlingError, isTransientError } from '@smithy/core/retry';
import { UserError } from '../terminal/problem.ts';
import { counted } from '../terminal/terminal.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';

const baseMs = 25;
const longestMs = 5_000;

/** How long to wait before a repetition: exponential with full jitter. */
const backoffMs = (attempt: number): number =>
  Math.random() * Math.min(longestMs, baseMs * 2 ** Math.min(attempt, 20));

/** The store did not recover: what was written is remembered, and the command can go on later. */
export class GaveUp extends UserError {}

/** Whether a failed request may succeed when it is repeated. */
const isTemporary = (error: unknown): boolean => {
  const failure = error as Parameters<typeof isTransientError>[0];
  return isThrottlingError(failure) || isTransientError(failure) || isServerError(failure);
};

/**
 * Repeats requests while the store is short of capacity or cannot be reached, and gives up when nothing at all
 * has gone through for a while, even in the middle of a call. Every refusal lowers the concurrency.
 */
export class Patience {
  private lastProgressMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly limit: ConcurrencyLimit,
    /** Longest time without any progress, in milliseconds. */
    private readonly patienceMs = 5 * 60_000,
    private readonly now: () => number = Date.now,
  ) {}

  /**
   * Runs `work` on `items` until it leaves none; it returns those that must be repeated.
   * @throws GaveUp when the store does not recover
   */
  async until<T>(items: readonly T[], work: (items: readonly T[]) => Promise<readonly T[]>): Promise<void> {
    const beganMs = this.now();
    let left = items;
    for (let attempt = 0; left.length > 0; attempt += 1) {
      const before = left.length;
      const failure = await this.bounded(work(left), beganMs).then(
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
      const cause = failure === undefined ? 'items were left unprocessed' : String((failure as Error).name);
      if (this.leftMs(beganMs) <= 0) throw this.gaveUp(cause);
      await sleep(backoffMs(attempt));
    }
  }

  /** Time without progress counts from when there was something to do. */
  private leftMs(beganMs: number): number {
    return Math.max(this.lastProgressMs, beganMs) + this.patienceMs - this.now();
  }

  private gaveUp(cause: string): GaveUp {
    return new GaveUp(
      `The table took nothing for ${counted(Math.round(this.patienceMs / 1000), 'second')} (${cause}). Try again later with --resume.`,
    );
  }

  /** Waits for a call as long as patience lasts: a connection on which nothing comes back must not hold us for ever. */
  private async bounded<T>(call: Promise<T>, beganMs: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const expiry = new Promise<never>((_, reject) => {
      const check = (): void => {
        const leftMs = this.leftMs(beganMs);
        if (leftMs <= 0) reject(this.gaveUp('no response'));
        else timer = setTimeout(check, leftMs);
      };
      check();
    });
    try {
      return await Promise.race([call, expiry]);
    } finally {
      clearTimeout(timer);
    }
  }
}
