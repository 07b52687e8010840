import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createRetry, fits, type RetryPlan } from '../../lambda/genesys/call-policy.ts';
import type { GenesysEvent } from '../../lambda/genesys/events.ts';
import type { Outcome } from '../../lambda/genesys/outcome.ts';
import { longestBackoffMs } from '../../lambda/genesys/retry-after.ts';
import { GuestError, LimitedError } from '../../lambda/guest/errors.ts';
import { createTestClock, deadlineIn } from '../support/clock.ts';
import { createRecordedTelemetry } from '../support/recorded-telemetry.ts';

type Failing = Exclude<Outcome<string>, { kind: 'ok' }>;

const waitMs = fc.option(fc.integer({ min: 1, max: 240_000 }), { nil: undefined });
const refused = (status: number, retryAfterMs?: number): Failing => ({
  kind: 'refused',
  status,
  retryAfterMs,
  problem: { code: '', text: '' },
  correlationId: undefined,
});
const failing: fc.Arbitrary<Failing> = fc.oneof(
  waitMs.map((retryAfterMs) => ({ kind: 'limited' as const, retryAfterMs })),
  fc.tuple(fc.constantFrom(400, 404, 500, 502, 503, 504), waitMs).map(([status, ms]) => refused(status, ms)),
  fc.constant({ kind: 'malformed' as const }),
  waitMs.map((retryAfterMs) => ({ kind: 'unsent' as const, retryAfterMs })),
  fc.boolean().map((budgetEnded) => ({ kind: 'lost' as const, budgetEnded })),
);
const plans: fc.Arbitrary<RetryPlan> = fc.record({
  endpoint: fc.constant('guest' as const),
  limitBaseMs: fc.constantFrom(1000, 1500),
  repeat: fc.constantFrom('always' as const, 'undelivered' as const),
  followedBy: fc.integer({ min: 0, max: 2 }),
  waitsForLimits: fc.boolean(),
});

/** Runs a plan against failures, then success. */
const run = async (
  plan: RetryPlan,
  failures: readonly Failing[],
  { budgetMs, random }: { readonly budgetMs: number; readonly random: () => number },
) => {
  const clock = createTestClock();
  const startedAtMs = clock.now();
  const telemetry = createRecordedTelemetry<GenesysEvent>();
  const retry = createRetry({ clock, telemetry, random });
  const deadline = deadlineIn(clock, budgetMs);
  /** When each attempt began and ended, and what came of it. */
  const attempts: { fromMs: number; untilMs: number; outcome: Outcome<string> }[] = [];
  const limits: number[] = [];
  const work = retry({ ...plan, onLimited: (ms) => limits.push(ms) }, deadline, async () => {
    const fromMs = clock.now();
    await clock.sleep(10);
    const outcome = failures[attempts.length] ?? ({ kind: 'ok', value: 'done' } as const);
    attempts.push({ fromMs, untilMs: clock.now(), outcome });
    return outcome;
  });
  let result: Outcome<string> | Error | undefined;
  const settled = work.then(
    (outcome) => {
      result = outcome;
    },
    (error: Error) => {
      result = error;
    },
  );
  for (let turn = 0; result === undefined && turn < 1000; turn += 1) await clock.advance(500);
  await settled;
  return { attempts, limits, result, startedAtMs, telemetry };
};
const runs = fc.record({
  plan: plans,
  failures: fc.array(failing, { maxLength: 8 }),
  budgetMs: fc.constantFrom(2000, 8000, 30_000),
  random: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
});
type Run = Awaited<ReturnType<typeof run>>;
const always = async (check: (outcome: Run, plan: RetryPlan, budgetMs: number) => void) =>
  await fc.assert(
    fc.asyncProperty(runs, async ({ plan, failures, budgetMs, random }) => {
      check(await run(plan, failures, { budgetMs, random: () => random }), plan, budgetMs);
    }),
    { numRuns: 300 },
  );

describe('the policy of a call', () => {
  it('never asks again before the time that was named', async () => {
    await always(({ attempts }) => {
      for (const [index, { untilMs, outcome }] of attempts.entries()) {
        const next = attempts[index + 1];
        const named = 'retryAfterMs' in outcome ? outcome.retryAfterMs : undefined;
        if (next !== undefined) expect(next.fromMs - untilMs).toBeGreaterThanOrEqual(named ?? 0);
      }
    });
  }, 60_000);

  it('never waits so long that no time is left for the call and those that must follow it', async () => {
    await always(({ attempts, startedAtMs }, { followedBy }, budgetMs) => {
      for (const { fromMs } of attempts.slice(1)) {
        expect(startedAtMs + budgetMs - fromMs).toBeGreaterThanOrEqual(750 * (1 + followedBy));
      }
    });
  }, 60_000);

  it('never waits longer than 15 s where no time was named', async () => {
    await always(({ attempts }) => {
      for (const [index, { untilMs, outcome }] of attempts.entries()) {
        const next = attempts[index + 1];
        if (next === undefined || ('retryAfterMs' in outcome && outcome.retryAfterMs !== undefined)) continue;
        expect(next.fromMs - untilMs).toBeLessThanOrEqual(longestBackoffMs);
      }
    });
  }, 60_000);

  it('gives up after three attempts that failed for another reason than limiting', async () => {
    await always(({ attempts }) => {
      const failed = attempts.filter(({ outcome }) => outcome.kind !== 'limited' && outcome.kind !== 'ok');
      expect(failed.length).toBeLessThanOrEqual(3);
    });
  }, 60_000);

  it('repeats a creation only where the attempt certainly had no effect', async () => {
    await always(({ attempts }, { repeat }) => {
      if (repeat === 'always') return;
      for (const { outcome } of attempts.slice(0, -1)) {
        const undelivered =
          outcome.kind === 'unsent' ||
          outcome.kind === 'limited' ||
          (outcome.kind === 'refused' && outcome.status === 503);
        expect(undelivered).toBe(true);
      }
    });
  }, 60_000);

  it('waits for no daily limit, and for none at all where the caller does not', async () => {
    await always(({ attempts, result }, { waitsForLimits }) => {
      const limited = attempts.slice(0, -1).filter(({ outcome }) => outcome.kind === 'limited');
      if (waitsForLimits === false) expect(limited).toEqual([]);
      for (const { outcome } of limited) {
        expect(outcome.kind === 'limited' && (outcome.retryAfterMs ?? 0) <= 180_000).toBe(true);
      }
      if (result instanceof LimitedError) expect(result.daily).toBe(result.waitMs > 180_000);
    });
  }, 60_000);

  it('makes known every limit before it is waited for', async () => {
    await always(({ attempts, limits, telemetry }) => {
      const limited = attempts.filter(({ outcome }) => outcome.kind === 'limited');
      expect(limits).toHaveLength(limited.length);
      expect(telemetry.of('genesys_limited')).toHaveLength(limited.length);
    });
  }, 60_000);

  it('ends with what came of the last attempt, or with a limit that was not waited for', async () => {
    await always(({ attempts, result }) => {
      const last = attempts.at(-1)?.outcome;
      if (last?.kind === 'limited') expect(result).toBeInstanceOf(LimitedError);
      else expect(result).toEqual(last);
    });
  }, 60_000);

  it('tells the operator of each limit and each repeat', async () => {
    const plan: RetryPlan = { endpoint: 'guest', limitBaseMs: 1000, repeat: 'always', followedBy: 0 };
    const failures = [
      { kind: 'limited', retryAfterMs: 500 },
      { kind: 'limited', retryAfterMs: undefined },
      { kind: 'unsent' },
      { kind: 'unsent' },
    ] as const;
    const { telemetry, result } = await run(plan, failures, { budgetMs: 30_000, random: () => 0.5 });
    expect(result).toMatchObject({ kind: 'ok' });
    expect(telemetry.recorded).toEqual([
      {
        event: 'genesys_limited',
        fields: { endpoint: 'guest', waitMs: 500, daily: false, hasRetryAfter: true },
      },
      {
        event: 'genesys_limited',
        fields: { endpoint: 'guest', waitMs: 1000, daily: false, hasRetryAfter: false },
      },
      { event: 'genesys_repeated', fields: { endpoint: 'guest', attempt: 1, waitMs: 100 } },
      { event: 'genesys_repeated', fields: { endpoint: 'guest', attempt: 2, waitMs: 200 } },
    ]);
  });

  it('ends with deadline_exceeded when the budget ends while it waits', async () => {
    const clock = createTestClock();
    const retry = createRetry({ clock, telemetry: createRecordedTelemetry() });
    const caller = new AbortController();
    const deadline = deadlineIn(clock, 8000, caller.signal);
    const plan: RetryPlan = { endpoint: 'guest', limitBaseMs: 1000, repeat: 'always', followedBy: 0 };
    const work = retry(plan, deadline, async () => ({ kind: 'limited', retryAfterMs: 2000 }) as const);
    const failing = expect(work).rejects.toMatchObject({ name: 'GuestError', code: 'deadline_exceeded' });
    await clock.advance(1000);
    caller.abort(new GuestError('deadline_exceeded'));
    await failing;
  });
});

describe('a wait', () => {
  it.each([
    [6500, 1, 8000, true],
    [6501, 1, 8000, false],
    [7000, 1, 8000, false],
    [7250, 0, 8000, true],
    [5750, 2, 8000, true],
    [5751, 2, 8000, false],
  ])(
    'of %d ms before a call that %d must follow fits a budget of %d ms: %j',
    (wait, followedBy, budget, expected) => {
      expect(fits(wait, followedBy, deadlineIn(createTestClock(), budget))).toBe(expected);
    },
  );
});
