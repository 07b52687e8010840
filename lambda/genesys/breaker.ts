import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhenResult,
  type IBackoff,
  type IHalfOpenAfterBackoffContext,
} from 'cockatiel';
import type { Clock, Telemetry } from '../guest/ports.ts';
import type { GenesysEvent } from './events.ts';
import { type Outcome, unavailable } from './outcome.ts';

export interface Breaker {
  /**
   * Runs one attempt unless Genesys has just failed five times in a row.
   * @throws GuestError `genesys_unavailable` at once while the circuit is open
   */
  run<T>(attempt: () => Promise<Outcome<T>>): Promise<Outcome<T>>;
}

const failuresInARow = 5;
const openMs = 10_000;

/** Connection failures, timeouts and 5xx count; limits, other statuses and malformed answers do not. */
const counts = (result: unknown): boolean => {
  const outcome = result as Outcome<unknown>;
  return (
    outcome.kind === 'unsent' ||
    outcome.kind === 'lost' ||
    (outcome.kind === 'refused' && outcome.status >= 500)
  );
};

/** The circuit breaker of a container: one for all calls to Genesys. */
export const createBreaker = ({
  clock,
  telemetry,
}: {
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
}): Breaker => {
  let openedAtMs = 0;
  const leftMs = () => Math.max(0, openedAtMs + openMs - clock.now());
  // The library reads Date.now; this lets our clock decide when the time is over.
  const period: IBackoff<IHalfOpenAfterBackoffContext> = {
    get duration() {
      return leftMs() > 0 ? Number.POSITIVE_INFINITY : 0;
    },
    next: () => period,
  };
  const policy = circuitBreaker(handleWhenResult(counts), {
    halfOpenAfter: period,
    breaker: new ConsecutiveBreaker(failuresInARow),
  });
  policy.onBreak(() => {
    openedAtMs = clock.now();
    telemetry.record('breaker_opened', { openMs });
  });
  policy.onReset(() => telemetry.record('breaker_closed'));

  return {
    run: async (attempt) => {
      // The library would let others wait for the probe; they are to fail at once.
      if (policy.state === CircuitState.HalfOpen) throw unavailable(1000);
      try {
        return await policy.execute(attempt);
      } catch (error) {
        if (error instanceof BrokenCircuitError) throw unavailable(leftMs());
        throw error;
      }
    },
  };
};
