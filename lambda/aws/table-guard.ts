import { StoreUnavailableError } from '../guest/errors.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import { abortable } from '../time/abortable.ts';
import { createCircuitBreaker } from '../time/circuit-breaker.ts';
import { limitWaiting } from '../time/waiting-limit.ts';
import type { AwsEvent } from './events.ts';
import { failureReason } from './failure-reason.ts';

export interface TableGuardOptions {
  /** Longest wait for one call. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry<AwsEvent>;
  /** What a failed call is reported as. */
  readonly failed: 'tables_unavailable' | 'registry_call_failed' | 'token_vault_call_failed';
  /** After this many failures in a row calls are suspended. */
  readonly failuresInARow?: number;
  /** For how long they are, before one of them is let through again. */
  readonly breakMs?: number | undefined;
}

/**
 * Calls a table within its own time limit and the caller's deadline.
 * @throws StoreUnavailableError for every failure, at once while calls are suspended
 */
export type TableGuard = <T>(
  operation: string,
  deadline: Deadline,
  call: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

/** The response to a conditional write; `undefined` where its condition did not hold. */
export const unlessConditionFails = async <T>(sending: Promise<T>): Promise<T | undefined> => {
  try {
    return await sending;
  } catch (error) {
    if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return undefined;
    throw error;
  }
};

export const createTableGuard = ({
  timeoutMs,
  clock,
  telemetry,
  failed,
  failuresInARow: failures = 5,
  breakMs: openMs = 10_000,
}: TableGuardOptions): TableGuard => {
  const onOpen = () => telemetry.record('table_breaker_opened', { store: failed, openMs });
  const breaker = createCircuitBreaker({ clock, failures, openMs, onOpen });

  return async (operation, deadline, call) => {
    if (deadline.signal.aborted || breaker.suspendedForMs() > 0) {
      throw new StoreUnavailableError(`${operation}: not tried`, { cause: deadline.signal.reason });
    }
    const { signal, clear } = limitWaiting(clock, timeoutMs, deadline.signal);
    try {
      // The SDK does not look at the signal everywhere, for one not between its attempts.
      const response = await abortable(call(signal), signal);
      breaker.settle(true);
      return response;
    } catch (error) {
      // A caller whose own time is over says nothing about the table.
      if (!deadline.signal.aborted) breaker.settle(false);
      const reason = failureReason(signal.aborted ? signal.reason : error);
      telemetry.record(failed, { operation, reason });
      throw new StoreUnavailableError(`${operation}: failed`, { cause: error });
    } finally {
      clear();
    }
  };
};
