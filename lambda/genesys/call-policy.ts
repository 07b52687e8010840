import { deadlineExceeded, LimitedError } from '../guest/errors.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import type { ApiClient, ApiRequest } from './api-client.ts';
import type { GenesysEvent } from './events.ts';
import type { Endpoint, Outcome } from './outcome.ts';
import { recordRefusal } from './refusal.ts';
import { backoffMs, isDaily } from './retry-after.ts';

export interface RetryPlan {
  readonly endpoint: Endpoint;
  /** The first wait where a limit names no time, in milliseconds. */
  readonly limitBaseMs: number;
  /** `always`: a repeat does no harm. `undelivered`: only where the attempt certainly had no effect. */
  readonly repeat: 'always' | 'undelivered';
  /** How many calls of the same request must follow this one. */
  readonly followedBy: number;
  /** False where a limit is not waited for: the call fails at once. */
  readonly waitsForLimits?: boolean;
  /** Receives every limit, before it is waited for. */
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
/** Time that one call takes on a slow day. A wait that leaves less for each call to come is of no use. */
const callReserveMs = 750;

/** Whether there is time for a wait, a call after it, and those that must follow. */
export const fits = (waitMs: number, followedBy: number, deadline: Deadline): boolean =>
  waitMs + callReserveMs * (1 + followedBy) <= deadline.remainingMs();

/** Waits, unless the time budget ends first. @throws GuestError `deadline_exceeded` */
export const pause = async (clock: Clock, waitMs: number, deadline: Deadline): Promise<void> => {
  try {
    await clock.sleep(waitMs, deadline.signal);
  } catch (error) {
    throw deadlineExceeded(error);
  }
};

type Repeatable = Extract<Outcome<unknown>, { kind: 'unsent' | 'lost' | 'refused' }>;

const mayRepeat = (outcome: Outcome<unknown>, { repeat }: RetryPlan): outcome is Repeatable => {
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
  const waitForLimit = async (
    retryAfterMs: number | undefined,
    limits: number,
    plan: RetryPlan,
    deadline: Deadline,
  ): Promise<void> => {
    const { endpoint, limitBaseMs, followedBy } = plan;
    const waitMs = retryAfterMs ?? backoffMs(limitBaseMs, limits, random);
    const daily = isDaily(waitMs);
    const hasRetryAfter = retryAfterMs !== undefined;
    telemetry.record('genesys_limited', { endpoint, waitMs, daily, hasRetryAfter });
    plan.onLimited?.(waitMs);
    const waits = plan.waitsForLimits !== false && !daily && fits(waitMs, followedBy, deadline);
    if (!waits) throw new LimitedError(waitMs, daily);
    await pause(clock, waitMs, deadline);
  };

  return async (plan, deadline, attempt) => {
    let limits = 0;
    for (let failures = 0; ; ) {
      const outcome = await attempt();
      if (outcome.kind === 'limited') {
        await waitForLimit(outcome.retryAfterMs, limits, plan, deadline);
        limits += 1;
        continue;
      }
      failures += 1;
      if (!mayRepeat(outcome, plan) || failures >= maxAttempts) return outcome;
      const waitMs = outcome.retryAfterMs ?? backoffMs(failureBaseMs, failures - 1, random);
      if (!fits(waitMs, plan.followedBy, deadline)) return outcome;
      telemetry.record('genesys_repeated', { endpoint: plan.endpoint, attempt: failures, waitMs });
      await pause(clock, waitMs, deadline);
    }
  };
};

/** Where the OAuth token comes from. */
export interface TokenSource {
  get(deadline: Deadline, waitsForLimits?: boolean): Promise<string>;
  invalidate(token: string, deadline: Deadline): Promise<void>;
}

export interface CallOptions {
  readonly client: ApiClient;
  readonly oauth: TokenSource;
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
  readonly random?: (() => number) | undefined;
}

export interface ApiCall<T> extends Omit<ApiRequest<T>, 'endpoint' | 'deadline' | 'headers' | 'longestMs'> {
  readonly plan: RetryPlan;
  /** Before each attempt, when the token is at hand. @returns how long the attempt may take, in milliseconds */
  readonly before?: () => Promise<number>;
  /** Refusals that say something to the caller: not recorded as faults. */
  readonly expected?: readonly number[];
}

/** Calls the API with the OAuth token, by the plan's rules. A 401 costs the token: another is obtained, once. */
export type Call = <T>(request: ApiCall<T>, deadline: Deadline) => Promise<Outcome<T>>;

/** @returns a call that throws LimitedError, and whatever obtaining the token throws */
export const createCall = ({ client, oauth, clock, telemetry, random }: CallOptions): Call => {
  const retry = createRetry({ clock, telemetry, random });

  return async <T>({ plan, before, expected = [], ...request }: ApiCall<T>, deadline: Deadline) => {
    const { endpoint } = plan;
    let renewed = false;
    const attempt = async (): Promise<Outcome<T>> => {
      const token = await oauth.get(deadline, plan.waitsForLimits);
      const longestMs = await before?.();
      const headers = { Authorization: `Bearer ${token}` };
      const outcome = await client.send({ ...request, endpoint, headers, deadline, longestMs });
      if (outcome.kind !== 'refused' || outcome.status !== 401 || renewed) return outcome;
      renewed = true;
      await oauth.invalidate(token, deadline);
      return await attempt();
    };
    const outcome = await retry(plan, deadline, attempt);
    if (outcome.kind === 'refused' && outcome.status < 500 && !expected.includes(outcome.status)) {
      recordRefusal(telemetry, endpoint, outcome);
    }
    return outcome;
  };
};
