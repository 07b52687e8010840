import { createChance } from './chance.ts';
import type { GenesysLimits } from './genesys-model.ts';
import { createService, withoutStacks } from './service.ts';
import { createVisitors, type VisitorCounts } from './visitors.ts';
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
  readonly load: Pick<Load, 'ratePerMinute' | 'minutes' | 'machinery'> &
    Pick<GenesysLimits, 'oauthFailsForMs'>;
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

/** Runs one load to its end: the last visitor is served or gone. */
export const simulateLoad = async (load: Load): Promise<LoadResult> => {
  const { ratePerMinute, minutes, seed, machinery, limits, onProgress } = load;
  const world = createWorld(seed + 1, limits);
  const { clock, genesys, shared, overflow } = world;
  const { request, init, drain } = createService(world, machinery);
  const visitors = createVisitors(clock, createChance(seed), async (sessionId) => {
    onProgress?.(visitors.counts.sessions);
    return await request(sessionId);
  });
  visitors.come(ratePerMinute, minutes * 60_000);
  await withoutStacks(async () => await clock.run(visitors.gone));

  return {
    load: {
      ratePerMinute,
      minutes,
      machinery,
      ...(limits.oauthFailsForMs === undefined ? {} : { oauthFailsForMs: limits.oauthFailsForMs }),
    },
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
    invocations: init.invocations + drain.invocations,
    containers: init.started,
    peakConcurrency: init.peak,
    throttled: init.throttled,
    billedMs: init.billedMs + drain.billedMs,
    sqsRequests: overflow.counts.requests,
    secretReads: world.counts.secretReads,
  };
};
