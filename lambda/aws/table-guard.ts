import { CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll, isBrokenCircuitError } from 'cockatiel';
import { StoreUnavailableError } from '../guest/errors.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import { abortable } from './abortable.ts';
import type { AwsEvent } from './events.ts';
import { failureReason } from './failure-reason.ts';
import type { TablePulse } from './table-pulse.ts';
import { limitWaiting } from './waiting-limit.ts';

export interface TableGuardOptions {
  /** Longest wait for one call. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry<AwsEvent>;
  /** What a failed call is reported as. */
  readonly failed: 'tables_unavailable' | 'registry_call_failed' | 'token_vault_call_failed';
  /** How long calls fail at once, after five failures in a row and until one of them is let through again. */
  readonly breakMs?: number | undefined;
  /** Shared by those who use one table. */
  readonly pulse?: TablePulse | undefined;
  /** Whether calls fail at once while the table lets others wait in vain. */
  readonly heedsStall?: boolean;
}

/**
 * Calls a table within its own time limit and the caller's deadline.
 * @throws StoreUnavailableError for every failure, at once while the table is known to be away
 */
export type TableGuard = <T>(
  operation: string,
  deadline: Deadline,
  call: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

const failuresInARow = 5;

export const createTableGuard = ({
  timeoutMs,
  clock,
  telemetry,
  failed,
  breakMs = 10_000,
  pulse,
  heedsStall = false,
}: TableGuardOptions): TableGuard => {
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: breakMs,
    breaker: new ConsecutiveBreaker(failuresInARow),
  });
  breaker.onBreak(() => telemetry.record('table_breaker_opened', { store: failed }));

  return async (operation, deadline, call) => {
    // While one call tries whether the table is back, cockatiel would let the others wait for it.
    const stalled = heedsStall && pulse?.isStalled() === true;
    if (deadline.signal.aborted || breaker.state === CircuitState.HalfOpen || stalled) {
      throw new StoreUnavailableError(`${operation}: not tried`, { cause: deadline.signal.reason });
    }
    const { signal, clear } = limitWaiting(clock, timeoutMs, deadline.signal);
    try {
      // The SDK does not look at the signal everywhere, for one not between its attempts.
      const answer = await breaker.execute(async () => await abortable(call(signal), signal));
      pulse?.answered();
      return answer;
    } catch (error) {
      if (signal.aborted && !deadline.signal.aborted) pulse?.timedOut();
      if (!isBrokenCircuitError(error)) {
        telemetry.record(failed, {
          operation,
          reason: failureReason(signal.aborted ? signal.reason : error),
        });
      }
      throw new StoreUnavailableError(`${operation}: failed`, { cause: error });
    } finally {
      clear();
    }
  };
};
