import type { GenesysLimits } from './genesys-model.ts';
import { type AttackResult, simulateAttacks } from './simulate-attack.ts';
import { type LoadResult, simulateLoad } from './simulate-load.ts';

/** What is simulated: each rate with the machinery and without. */
export interface Plan {
  /** Rates that last, in sessions a minute. */
  readonly rates: readonly number[];
  /** Rates that come for one minute only. */
  readonly bursts: readonly number[];
  /** Rates that come while the token endpoint fails for their first minute. */
  readonly outages: readonly number[];
  /** How long a rate lasts; low rates last longer, high ones are sampled. */
  readonly minutes: number;
  readonly seed: number;
  readonly limits: GenesysLimits;
}

export const defaultPlan: Plan = {
  rates: [1, 10, 50, 100, 125, 150, 200, 300, 1000, 10_000, 50_000],
  bursts: [100, 200, 300, 400, 600, 1000],
  outages: [100],
  minutes: 10,
  seed: 1,
  limits: { callsPerMinute: 300, oauthCallsPerMinute: 60 },
};

/** How long the token endpoint fails in an outage. */
const outageMs = 60_000;
const longestMinutes = 60;
/** A low rate lasts until about so many sessions have come. */
const fewestSessions = 600;
/** A high rate lasts no longer than it takes for so many, and a minute at least. */
const mostSessions = 30_000;

/** How long a rate is simulated. */
export const minutesFor = (rate: number, minutes: number): number => {
  const lasting = Math.max(minutes, Math.min(longestMinutes, Math.ceil(fewestSessions / rate)));
  return Math.min(lasting, Math.max(1, Math.floor(mostSessions / rate)));
};

export interface Progress {
  start(what: string, sessions: number): void;
  update(sessions: number): void;
  stop(): void;
}

/** Runs one rate with and without the machinery. */
export const simulateBoth = async (
  rate: number,
  minutes: number,
  { seed, limits }: Pick<Plan, 'seed' | 'limits'>,
  progress?: Progress,
): Promise<LoadResult[]> => {
  const results: LoadResult[] = [];
  for (const machinery of [true, false]) {
    const what = `${rate}/min for ${minutes} min, ${machinery ? 'with' : 'without'}`;
    progress?.start(what, rate * minutes);
    results.push(
      await simulateLoad({
        ratePerMinute: rate,
        minutes,
        seed,
        machinery,
        limits,
        onProgress: progress && ((sessions) => progress.update(sessions)),
      }),
    );
    progress?.stop();
  }
  return results;
};

export interface PlanResults {
  readonly lasting: readonly LoadResult[];
  readonly bursts: readonly LoadResult[];
  readonly outages: readonly LoadResult[];
  readonly attacks: readonly AttackResult[];
}

/** Runs a plan from the lowest rate to the highest. */
export const simulatePlan = async (plan: Plan, progress?: Progress): Promise<PlanResults> => {
  const lasting: LoadResult[] = [];
  const bursts: LoadResult[] = [];
  const outages: LoadResult[] = [];
  for (const rate of plan.rates) {
    lasting.push(...(await simulateBoth(rate, minutesFor(rate, plan.minutes), plan, progress)));
  }
  for (const rate of plan.bursts) bursts.push(...(await simulateBoth(rate, 1, plan, progress)));
  for (const rate of plan.outages) {
    const limits = { ...plan.limits, oauthFailsForMs: outageMs };
    outages.push(...(await simulateBoth(rate, plan.minutes, { ...plan, limits }, progress)));
  }
  progress?.start('floods beside visitors', 1);
  const attacks = plan.bursts.length === 0 ? [] : await simulateAttacks(plan.seed, plan.limits);
  progress?.stop();
  return { lasting, bursts, outages, attacks };
};
