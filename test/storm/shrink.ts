import type { Violation } from './audit/facts.ts';
import type { Plan } from './plan.ts';
import type { Storm } from './storm.ts';
import type { Outcome } from './world.ts';

/** A failure with everything taken away that it does not need. */
export interface SmallFailure {
  readonly violation: Violation;
  readonly plan: Plan;
  readonly trace: readonly string[];
}

const mostRuns = 600;

/**
 * Takes away sessions, visits, events and twists while the same promise still breaks (delta debugging).
 * @see https://www.st.cs.uni-saarland.de/papers/tse2002/ Zeller and Hildebrandt, Simplifying Failure-Inducing Input
 */
export const shrink = async (storm: Storm, failed: Outcome): Promise<SmallFailure> => {
  const [first] = failed.violations;
  if (first === undefined) throw new Error('nothing failed');
  let runs = 0;
  let best = failed;

  const tryPlan = async (plan: Plan): Promise<boolean> => {
    if (runs >= mostRuns) return false;
    runs += 1;
    const outcome = await storm(plan);
    const breaks = outcome.violations.some(({ promise }) => promise === first.promise);
    if (breaks) best = outcome;
    return breaks;
  };

  const fewer = async <T>(
    list: readonly T[],
    planWith: (list: readonly T[]) => Plan,
  ): Promise<readonly T[]> => {
    let kept = list;
    for (let parts = 2; kept.length > 0; ) {
      const size = Math.max(1, Math.ceil(kept.length / parts));
      let reduced = false;
      for (let from = 0; from < kept.length; from += size) {
        const without = [...kept.slice(0, from), ...kept.slice(from + size)];
        if (await tryPlan(planWith(without))) {
          kept = without;
          reduced = true;
          break;
        }
      }
      if (!reduced && size === 1) break;
      parts = reduced ? Math.max(2, parts - 1) : Math.min(kept.length, parts * 2);
    }
    return kept;
  };

  const only = (plan: Plan, names: ReadonlySet<string>): Plan => ({
    ...plan,
    sessions: plan.sessions.filter(({ name }) => names.has(name)),
    visits: plan.visits.filter(({ session }) => names.has(session)),
    events: plan.events.filter((event) => !('session' in event) || names.has(event.session)),
  });

  const { session } = first;
  if (session === undefined || !(await tryPlan(only(failed.plan, new Set([session]))))) {
    const names = failed.plan.sessions.map(({ name }) => name);
    await fewer(names, (kept) => only(failed.plan, new Set(kept)));
  }
  // From here on what is out of the ordinary is named, one by one, instead of drawn.
  await tryPlan({ ...best.plan, twists: best.twists });
  for (let before = Infinity; runs < mostRuns; ) {
    await fewer(best.plan.visits, (visits) => ({ ...best.plan, visits }));
    await fewer(best.plan.events, (events) => ({ ...best.plan, events }));
    if (best.plan.twists !== undefined) {
      const twists = Object.entries(best.twists);
      await fewer(twists, (kept) => ({ ...best.plan, twists: Object.fromEntries(kept) }));
    }
    const size = best.plan.visits.length + best.plan.events.length + Object.keys(best.twists).length;
    if (size >= before) break;
    before = size;
  }
  const final = await storm(best.plan, { traced: true });
  const violation = final.violations.find(({ promise }) => promise === first.promise) ?? first;
  return { violation, plan: final.plan, trace: final.trace };
};
