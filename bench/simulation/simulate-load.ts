import { startDeadline } from '../../lambda/guest/deadline.ts';
import { deadlineExceeded, GuestError } from '../../lambda/guest/errors.ts';
import type { InitialiseGuestCommand } from '../../lambda/guest/initialise-guest.ts';
import { assumptions } from './assumptions.ts';
import { createChance } from './chance.ts';
import { createDrainContainer, createInitContainer, createPlainContainer } from './container.ts';
import { createFleet } from './fleet.ts';
import type { GenesysLimits } from './genesys-model.ts';
import { type Answer, createVisitors, type VisitorCounts } from './visitors.ts';
import { createWorld } from './world.ts';

export interface Load {
  readonly ratePerMinute: number;
  readonly minutes: number;
  readonly seed: number;
  /** Whether the containers share registry, token and queue. */
  readonly machinery: boolean;
  readonly limits: GenesysLimits;
  readonly onProgress?: ((sessions: number) => void) | undefined;
}

export interface LoadResult {
  readonly load: Pick<Load, 'ratePerMinute' | 'minutes' | 'machinery'>;
  readonly visitors: VisitorCounts;
  readonly duplicates: number;
  readonly guests: number;
  readonly oauthCalls: number;
  readonly genesysCalls: number;
  /** Calls that Genesys answered 429. */
  readonly limited: number;
  readonly queued: number;
  readonly givenUp: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  readonly invocations: number;
  readonly containers: number;
  readonly peakConcurrency: number;
  readonly throttled: number;
  readonly billedMs: number;
  readonly sqsRequests: number;
  readonly secretReads: number;
}

const { lambda, worker, settings } = assumptions;
const consent = { given: true, type: 'explicit', stated: true } as const;

/** Errors are expected here by the hundred thousand, and nobody reads where they came from. */
const withoutStacks = async (work: () => Promise<void>): Promise<void> => {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    await work();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
};

/** Runs one load to its end: the last visitor is served or gone. */
export const simulateLoad = async (load: Load): Promise<LoadResult> => {
  const { ratePerMinute, minutes, seed, machinery, limits, onProgress } = load;
  const world = createWorld(seed + 1, limits);
  const { clock, chance, genesys, shared, overflow } = world;
  const common = { clock, coldStartMs: () => chance.aroundMs(lambda.coldStartMs), idleMs: lambda.idleMs };
  const init = createFleet({
    ...common,
    concurrency: lambda.concurrency,
    start: () => (machinery ? createInitContainer(world) : createPlainContainer(world)),
  });
  const drain = createFleet({
    ...common,
    concurrency: worker.concurrency,
    start: () => createDrainContainer(world),
  });

  /** What `lambda/http/handler.ts` does around the use case, as far as time and errors go. */
  const serve = async (
    initialise: ReturnType<typeof createInitContainer>,
    command: InitialiseGuestCommand,
  ): Promise<Answer> => {
    const deadline = startDeadline(clock, settings.initBudgetMs);
    try {
      await clock.sleep(lambda.handlingMs);
      return await initialise(command, deadline);
    } catch (error) {
      if (error instanceof GuestError) return { kind: 'failed', error };
      if (deadline.signal.aborted) return { kind: 'failed', error: deadlineExceeded(error) };
      throw error;
    } finally {
      deadline.clear();
    }
  };

  const visitors = createVisitors(clock, createChance(seed), async (sessionId) => {
    onProgress?.(visitors.counts.sessions);
    const answer = await init.invoke(
      async (initialise) => await serve(initialise, { sessionId, consent, verified: false }),
    );
    if (answer !== 'throttled') return answer;
    return { kind: 'failed', error: new GuestError('unavailable', { retryAfterSeconds: 1 }) };
  });
  for (let poller = 0; machinery && poller < worker.concurrency; poller += 1) {
    void overflow.poll(async (event, context) => {
      const result = await drain.invoke(async (batch) => await batch(event, context));
      if (result === 'throttled') throw new Error('more pollers than workers');
      return result;
    });
  }
  visitors.come(ratePerMinute, minutes * 60_000);
  await withoutStacks(async () => await clock.run(visitors.gone));

  return {
    load: { ratePerMinute, minutes, machinery },
    visitors: visitors.counts,
    duplicates: genesys.duplicates(),
    guests: genesys.counts.guests,
    oauthCalls: genesys.counts.oauth,
    genesysCalls: genesys.counts.calls,
    limited: genesys.counts.limited,
    queued: world.happened('registration_queued'),
    givenUp: world.happened('registration_given_up'),
    readUnits: shared.units.read,
    writeUnits: shared.units.write,
    invocations: init.counts.invocations + drain.counts.invocations,
    containers: init.counts.started,
    peakConcurrency: init.counts.peak,
    throttled: init.counts.throttled,
    billedMs: init.counts.billedMs + drain.counts.billedMs,
    sqsRequests: overflow.counts.requests,
    secretReads: world.counts.secretReads,
  };
};
