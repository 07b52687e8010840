import type { Clock } from '../guest/ports.ts';

/** Whether a table has lately let somebody wait in vain. */
export interface TablePulse {
  answered(): void;
  timedOut(): void;
  isStalled(): boolean;
}

/** A table that answered within this time is slow, not dead. */
const aliveForMs = 5000;

/** What all users of one table know of it: a request waits once for a table that hangs, not once for each use. */
export const createTablePulse = (clock: Clock, stalledForMs: number): TablePulse => {
  let answeredAtMs = Number.NEGATIVE_INFINITY;
  let timedOutAtMs = Number.NEGATIVE_INFINITY;
  return {
    answered: () => {
      answeredAtMs = clock.now();
    },
    timedOut: () => {
      timedOutAtMs = clock.now();
    },
    isStalled: () => clock.now() - timedOutAtMs < stalledForMs && clock.now() - answeredAtMs > aliveForMs,
  };
};
