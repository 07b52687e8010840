import { createMemoryRegistry } from '../../lambda/aws/memory-registry.ts';
import type { CrmRecord } from '../../lambda/guest/crm-record.ts';
import { createDrainRegistration } from '../../lambda/guest/drain-registration.ts';
import {
  AmbiguousCreationError,
  LimitedError,
  StoreUnavailableError,
  UnknownGuestError,
} from '../../lambda/guest/errors.ts';
import type { GuestEvent } from '../../lambda/guest/events.ts';
import { createInitialiseGuest } from '../../lambda/guest/initialise-guest.ts';
import type {
  Deadline,
  GuestProvider,
  GuestRegistry,
  OverflowQueue,
  QueuedRegistration,
  RegisterCommand,
  VisitorTables,
} from '../../lambda/guest/ports.ts';
import type { SessionHashKey } from '../../lambda/guest/session-hash.ts';
import { createTestClock, deadlineIn } from './clock.ts';
import { createRecordedTelemetry } from './recorded-telemetry.ts';

export const leaseMs = 6000;
export const guestTtlSeconds = 86_400;

/** A provider in memory: counts what is asked of it and fails as it is told. */
const createFakeProvider = (clock: ReturnType<typeof createTestClock>) => {
  const state = {
    created: [] as RegisterCommand[],
    tokens: 0,
    latencyMs: 0,
    /** Taken from the front, one for each creation. */
    failures: [] as Error[],
    tokenFailures: [] as Error[],
    /** Guests that the provider has forgotten. */
    forgotten: new Set<string>(),
    degraded: false,
    backlogSeconds: 0,
  };
  const provider: GuestProvider = {
    name: 'webchat-v1',
    register: async (command, deadline) => {
      await command.beforeCreation();
      if (state.latencyMs > 0) await clock.sleep(state.latencyMs, deadline.signal);
      const failure = state.failures.shift();
      if (failure !== undefined) throw failure;
      state.created.push(command);
      return { guestId: `guest-${state.created.length}`, degraded: state.degraded };
    },
    issueToken: async ({ guestId }) => {
      const failure = state.tokenFailures.shift();
      if (failure !== undefined) throw failure;
      if (state.forgotten.has(guestId)) throw new UnknownGuestError(guestId);
      state.tokens += 1;
      return {
        accessToken: `token-${state.tokens}-of-${guestId}`,
        expiresAt: new Date(clock.now() + 1_800_000).toISOString(),
      };
    },
  };
  return { provider, state };
};

/** Everything around the use cases, in memory and on a clock that the test turns. */
export const createGuestWorld = ({ queued = true }: { queued?: boolean } = {}) => {
  const clock = createTestClock();
  const telemetry = createRecordedTelemetry<GuestEvent>();
  const shared = createMemoryRegistry({ clock, leaseMs, guestTtlSeconds });
  const { provider, state } = createFakeProvider(clock);
  const crm = new Map<string, CrmRecord>();
  const keys: SessionHashKey[] = [];
  const messages: QueuedRegistration[] = [];
  const broken = { crm: false, registry: false, queue: false, claimAnswers: 0 };
  const reads: { crm: boolean }[] = [];

  const failing =
    <Args extends readonly unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (broken.registry) throw new StoreUnavailableError('the registry is away');
      return await work(...args);
    };
  const registry: GuestRegistry = {
    find: failing(shared.find),
    claim: failing(async (...args: Parameters<GuestRegistry['claim']>) => {
      const claim = await shared.claim(...args);
      if (broken.claimAnswers === 0) return claim;
      broken.claimAnswers -= 1;
      throw new StoreUnavailableError('the answer was lost');
    }),
    renew: failing(shared.renew),
    complete: failing(shared.complete),
    queue: failing(shared.queue),
    updateConsent: failing(shared.updateConsent),
    fail: failing(shared.fail),
    release: failing(shared.release),
  };
  const tables: VisitorTables = {
    read: async (hashes, want, deadline) => {
      reads.push(want);
      const record = hashes.map((hash) => crm.get(hash)).find((found) => found !== undefined);
      const lookup =
        record === undefined ? ({ kind: 'not_found' } as const) : ({ kind: 'matched', record } as const);
      return {
        crm: want.crm ? (broken.crm ? { kind: 'degraded' } : lookup) : { kind: 'not_read' },
        registration: broken.registry || broken.crm ? 'unreachable' : await shared.find(hashes, deadline),
      };
    },
  };
  const queue: OverflowQueue = {
    send: async (registration) => {
      if (broken.queue) throw new Error('the queue is away');
      messages.push(registration);
    },
    expectedWaitSeconds: async () => 1 + messages.length + state.backlogSeconds,
  };
  const settings = {
    anonymousEmailDomain: 'temp.com',
    attributeMap: { crmTier: 'tier', historicalTickets: 'previousTickets' },
    exposedCrmAttributes: ['firstName', 'tier', 'previousTickets'],
    overflowMaxAgeSeconds: 120,
  };
  const deps = {
    provider,
    clock,
    telemetry,
    genesysTimeoutMs: 4000,
    guestTtlSeconds,
    tables,
    registry,
    settings,
  };

  /** A container: its memory is its own, the tables, the provider and the queue are shared. */
  const container = () => {
    const initialise = createInitialiseGuest({
      ...deps,
      hashKeys: async () => keys,
      memory: createMemoryRegistry({ clock, leaseMs, guestTtlSeconds }),
      queue: queued ? queue : undefined,
    });
    return async (
      sessionId: string,
      consent: { given?: boolean; type?: 'explicit' | 'implicit' } = {},
      deadline: Deadline = deadlineIn(clock),
    ) => await initialise({ sessionId, consent: { given: true, type: 'explicit', ...consent } }, deadline);
  };

  return {
    clock,
    telemetry,
    registry: shared,
    state,
    crm,
    keys,
    messages,
    broken,
    reads,
    container,
    drain: createDrainRegistration(deps),
    /** Turns the clock until the work is done. */
    finish: async <T>(work: Promise<T>, stepMs = 50): Promise<T> => {
      let open = true;
      const settled = work.finally(() => {
        open = false;
      });
      settled.catch(() => undefined);
      for (let turns = 0; open && turns < 2000; turns += 1) await clock.advance(stepMs);
      return await settled;
    },
  };
};

export const limited = (waitMs: number, daily = false): LimitedError => new LimitedError(waitMs, daily);
export const answerLost = (): AmbiguousCreationError =>
  new AmbiguousCreationError('genesys_unavailable', 'Genesys Cloud did not answer.');
