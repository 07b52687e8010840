import { LimitedError } from '../guest/errors.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import { fits, pause } from './call-policy.ts';
import type { GenesysEvent } from './events.ts';
import type { Quota } from './quota.ts';
import { isDaily } from './retry-after.ts';

/** A created guest still needs its token. */
export const callsAfterCreation = 1;

/** Admission to guest creation; tokens for known guests do not pass here. */
export interface CreationGate {
  /**
   * Lets a creation pass, waiting where the wait fits the deadline.
   * @throws LimitedError where it does not, or where the rest of the quota is kept for known guests
   */
  admit(deadline: Deadline): Promise<void>;
  /** Genesys has asked to wait with guest creation. */
  hold(waitMs: number): void;
}

/**
 * The fairness rule of a container: after a limit nobody creates a guest sooner than Genesys said; and while the
 * quota is nearly used up, new visitors (two calls) queue so that known ones (one call) are served.
 */
export const createCreationGate = ({
  clock,
  telemetry,
  quota,
  queueing,
}: {
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
  readonly quota: Quota;
  /** Whether there is an overflow queue: without one, new visitors go ahead and take their chance. */
  readonly queueing: boolean;
}): CreationGate => {
  let held = { untilMs: 0, daily: false };

  const refuse = (reason: 'told_to_wait' | 'quota', waitMs: number, daily: boolean): never => {
    telemetry.record('creation_held', { reason, waitMs, daily });
    throw new LimitedError(waitMs, daily);
  };

  return {
    hold: (waitMs) => {
      const untilMs = clock.now() + waitMs;
      if (untilMs > held.untilMs) held = { untilMs, daily: isDaily(waitMs) };
    },
    admit: async (deadline) => {
      // Again after each wait: another creation may have been limited meanwhile.
      for (;;) {
        const heldForMs = held.untilMs - clock.now();
        const exhaustedForMs = queueing ? (quota.exhaustedForMs() ?? 0) : 0;
        const waitMs = Math.max(heldForMs, exhaustedForMs);
        if (waitMs <= 0) return;
        const daily = heldForMs > 0 && held.daily;
        if (daily || !fits(waitMs, callsAfterCreation, deadline)) {
          refuse(heldForMs > 0 ? 'told_to_wait' : 'quota', waitMs, daily);
        }
        await pause(clock, waitMs, deadline);
      }
    },
  };
};
