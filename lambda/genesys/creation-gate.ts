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
  admit(verified: boolean, deadline: Deadline): Promise<void>;
  /** Genesys has asked to wait with guest creation. */
  hold(waitMs: number): void;
}

/** Of the quota, what unverified sessions leave for verified ones, so that made-up sessions cannot use up all of it. */
const keptForVerified = 0.4;

/**
 * The fairness rule of a container: after a limit nobody creates a guest sooner than Genesys said; and while the
 * quota is nearly used up, new visitors (two calls) queue so that known ones (one call) are served. Unverified sessions do so earlier where sessions can be verified.
 */
export const createCreationGate = ({
  clock,
  telemetry,
  quota,
  queueing,
  limitsUnverified,
}: {
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
  readonly quota: Quota;
  /** Whether there is an overflow queue: without one, new visitors go ahead and take their chance. */
  readonly queueing: boolean;
  /** Whether sessions can be verified: then those that are not have a share of the quota only. */
  readonly limitsUnverified: boolean;
}): CreationGate => {
  let held = { untilMs: 0, daily: false };

  const refuse = (reason: 'told_to_wait' | 'quota' | 'unverified', waitMs: number, daily: boolean): never => {
    telemetry.record('creation_held', { reason, waitMs, daily });
    if (reason === 'unverified') telemetry.record('admission_refused', { reason: 'quota' });
    throw new LimitedError(waitMs, daily);
  };

  return {
    hold: (waitMs) => {
      const untilMs = clock.now() + waitMs;
      if (untilMs > held.untilMs) held = { untilMs, daily: isDaily(waitMs) };
    },
    admit: async (verified, deadline) => {
      const keptShare = limitsUnverified && !verified ? keptForVerified : undefined;
      // Again after each wait: another creation may have been limited meanwhile.
      for (;;) {
        const heldForMs = held.untilMs - clock.now();
        const exhaustedForMs = queueing ? (quota.exhaustedForMs(keptShare) ?? 0) : 0;
        const waitMs = Math.max(heldForMs, exhaustedForMs);
        if (waitMs <= 0) return;
        const daily = heldForMs > 0 && held.daily;
        if (daily || !fits(waitMs, callsAfterCreation, deadline)) {
          const forVerified = quota.exhaustedForMs() === undefined;
          refuse(heldForMs > 0 ? 'told_to_wait' : forVerified ? 'unverified' : 'quota', waitMs, daily);
        }
        await pause(clock, waitMs, deadline);
      }
    },
  };
};
