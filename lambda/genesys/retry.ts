import { deadlineExceeded, LimitedError } from '../guest/errors.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import type { GenesysEvent } from './events.ts';
import type { Endpoint, Outcome } from './outcome.ts';
import { backoffMs, isDaily } from './retry-after.ts';

export interface RetryPlan {
  readonly endpoint: Endpoint;
  /** The first wait where a limit names no time, in milliseconds. */
  readonly limitBaseMs: number;
  /** `always`: a repeat does no harm. `undelivered`: only where the attempt certainly had no effect. */
  readonly repeat: 'always' | 'undelivered';
  /** Told of every limit, before it is waited for. */
  readonly onLimited?: (waitMs: number) => void;
}

export type Retry = <T>(
  plan: RetryPlan,
  deadline: Deadline,
  attempt: () => Promise<Outcome<T>>,
) => Promise<Outcome<T>>;

/** Attempts that fail for another reason than limiting, at most. */
const maxAttempts = 3;
const failureBaseMs = 200;
/** A wait is no use when it leaves less than this for the call itself. */
const callReserveMs = 250;

/** Whether there is time for a wait and a call after it. */
export const fits = (waitMs: number, deadline: Deadline): boolean =>
  waitMs + callReserveMs <= deadline.remainingMs();

/** Waits, unless the time budget ends first. @throws GuestError `deadline_exceeded` */
export const pause = async (clock: Clock, waitMs: number, deadline: Deadline): Promise<void> => {
  try {
    await clock.sleep(waitMs, deadline.signal);
  } catch (error) {
    throw deadlineExceeded(error);
  }
};

const mayRepeat = (outcome: Outcome<unknown>, { repeat }: RetryPlan): boolean => {
  switch (outcome.kind) {
    case 'unsent':
      return true;
    case 'lost':
      return repeat === 'always' && !outcome.budgetEnded;
    case 'refused':
      return (
        outcome.status === 503 || (repeat === 'always' && (outcome.status === 502 || outcome.status === 504))
      );
    default:
      return false;
  }
};

/** The wait that an outcome itself names. */
const namedWaitMs = (outcome: Outcome<unknown>): number | undefined => {
  switch (outcome.kind) {
    case 'refused':
      return outcome.retryAfterMs ?? outcome.repeatAfterMs;
    case 'unsent':
    case 'lost':
      return outcome.repeatAfterMs;
    default:
      return undefined;
  }
};

/**
 * Repeats an attempt by the rules for upstream calls: limits are waited for, outages are repeated at most twice,
 * both only within the deadline.
 * @throws LimitedError when limited for longer than the deadline allows, or for the day
 */
export const createRetry = ({
  clock,
  telemetry,
  random = Math.random,
}: {
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
  readonly random?: (() => number) | undefined;
}): Retry => {
  const waitForLimit = async (waitMs: number, told: boolean, plan: RetryPlan, deadline: Deadline) => {
    const daily = isDaily(waitMs);
    telemetry.record('genesys_limited', { endpoint: plan.endpoint, waitMs, daily, told });
    plan.onLimited?.(waitMs);
    if (daily || !fits(waitMs, deadline)) throw new LimitedError(waitMs, daily);
    await pause(clock, waitMs, deadline);
  };

  return async (plan, deadline, attempt) => {
    let limits = 0;
    for (let failures = 0; ; ) {
      const outcome = await attempt();
      if (outcome.kind === 'limited') {
        const waitMs = outcome.retryAfterMs ?? backoffMs(plan.limitBaseMs, limits, random);
        limits += 1;
        await waitForLimit(waitMs, outcome.told, plan, deadline);
        continue;
      }
      failures += 1;
      if (!mayRepeat(outcome, plan) || failures >= maxAttempts) return outcome;
      const waitMs = namedWaitMs(outcome) ?? backoffMs(failureBaseMs, failures - 1, random);
      if (!fits(waitMs, deadline)) return outcome;
      telemetry.record('genesys_repeated', { endpoint: plan.endpoint, attempt: failures, waitMs });
      await pause(clock, waitMs, deadline);
    }
  };
};
