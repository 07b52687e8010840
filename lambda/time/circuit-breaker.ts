import type { Clock } from '../guest/ports.ts';

/** Whether calls are suspended, after several failures in a row and until a probe has succeeded. */
export interface CircuitBreaker {
  /** Asks to call. Milliseconds until it is worth asking again where calls are suspended; 0: go ahead. */
  suspendedForMs(): number;
  /** What came of a call that was let through. */
  settle(succeeded: boolean): void;
}

/** How long another call waits while one probes. */
const probeMs = 1000;

/**
 * Opens after `failures` failed calls in a row, for `openMs`; then one call probes while others stay suspended.
 * A probe that never settles (a frozen container) is replaced after another `openMs`.
 */
export const createCircuitBreaker = ({
  clock,
  failures,
  openMs,
  onOpen = () => undefined,
  onClose = () => undefined,
}: {
  readonly clock: Clock;
  readonly failures: number;
  readonly openMs: number;
  readonly onOpen?: () => void;
  readonly onClose?: () => void;
}): CircuitBreaker => {
  let inARow = 0;
  let openUntilMs = 0;
  let probeUntilMs = 0;
  return {
    suspendedForMs: () => {
      if (inARow < failures) return 0;
      const nowMs = clock.now();
      if (nowMs < openUntilMs) return openUntilMs - nowMs;
      if (nowMs < probeUntilMs) return probeMs;
      probeUntilMs = nowMs + openMs;
      return 0;
    },
    settle: (succeeded) => {
      const wasOpen = inARow >= failures;
      // A call from before the circuit opened: it says nothing new.
      if (wasOpen && !succeeded && probeUntilMs === 0) return;
      inARow = succeeded ? 0 : inARow + 1;
      if (succeeded && wasOpen) onClose();
      if (inARow < failures) return;
      openUntilMs = clock.now() + openMs;
      probeUntilMs = 0;
      onOpen();
    },
  };
};
