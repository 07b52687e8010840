import { createMemoryRegistry } from '../../lambda/aws/memory-registry.ts';
import type { Consent } from '../../lambda/guest/consent.ts';
import type { CrmRecord } from '../../lambda/guest/crm-record.ts';
import { createDrainRegistration } from '../../lambda/guest/drain-registration.ts';
import {
  AmbiguousCreationError,
  LeaseTooShortError,
  LimitedError,
  StoreUnavailableError,
  UnknownGuestError,
} from '../../lambda/guest/errors.ts';
import type { GuestEvent } from '../../lambda/guest/events.ts';
import { createInitialiseGuest } from '../../lambda/guest/initialise-guest.ts';
import type {
  CrmLookup,
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
/** Longest that one creation takes. */
const attemptMs = 4000;

/** A provider in memory: counts what is asked of it and fails as it is told. */
const createFakeProvider = (clock: ReturnType<typeof createTestClock>, mints: boolean) => {
  const state = {
    created: [] as RegisterCommand[],
    /** Guests that were made without a call, whether they were used or not. */
    minted: 0,
    tokens: 0,
    latencyMs: 0,
    /** Is told how long each registration may take. */
    onRegister: (_remainingMs: number): void => undefined,
    /** Runs before each token is issued. */
    onIssue: (): void => undefined,
    /** What the next registration waits before it may create its guest: for a token, or for a limit. */
    waitMs: 0,
    /** Taken from the front, one for each creation. */
    failures: [] as Error[],
    tokenFailures: [] as Error[],
    /** Guests that the provider has forgotten. */
    forgotten: new Set<string>(),
    backlogSeconds: 0,
    /** How long the queue takes to confirm a message. */
    sendMs: 0,
  };
  const provider: GuestProvider = {
    name: 'webchat-v1',
    guestHasProfile: true,
    register: async (command, deadline) => {
      state.onRegister(deadline.remainingMs());
      if (state.waitMs > 0) await clock.sleep(state.waitMs, deadline.signal);
      state.waitMs = 0;
      const leftMs = command.createUntilMs - clock.now();
      if (leftMs < Math.min(attemptMs, command.leastMs)) throw new LeaseTooShortError();
      if (state.latencyMs > 0) await clock.sleep(state.latencyMs, deadline.signal);
      const failure = state.failures.shift();
      if (failure !== undefined) throw failure;
      state.created.push(command);
      return { guestId: `guest-${state.created.length}` };
    },
    issueToken: async ({ guestId }) => {
      state.onIssue();
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
  if (!mints) return { provider, state };
  const minting: GuestProvider = {
    ...provider,
    name: 'web-messaging',
    guestHasProfile: false,
    mint: async (_session, evidence) => {
      state.minted += 1;
      return {
        guestId: `minted-${state.minted}`,
        provider: 'web-messaging',
        profileDigest: '',
        anonymous: true,
        ...evidence,
        registeredAtMs: clock.now(),
        expiresAtMs: clock.now() + guestTtlSeconds * 1000,
      };
    },
  };
  return { provider: minting, state };
};

/** Everything around the use cases, in memory and on a clock that the test turns. */
export const createGuestWorld = ({
  queued = true,
  unverifiedQueueShare = 1,
  mints = false,
}: {
  queued?: boolean;
  unverifiedQueueShare?: number;
  /** Guests need no call to the provider. */
  mints?: boolean;
} = {}) => {
  const clock = createTestClock();
  const telemetry = createRecordedTelemetry<GuestEvent>();
  const shared = createMemoryRegistry({ clock, leaseMs, guestTtlSeconds });
  const { provider, state } = createFakeProvider(clock, mints);
  const crm = new Map<string, CrmRecord>();
  const keys: SessionHashKey[] = [];
  const messages: QueuedRegistration[] = [];
  const broken = {
    crm: false,
    registry: false,
    queue: false,
    grantResponses: 0,
    /** Guests whose write takes so long, in milliseconds, taken from the front. */
    grantMs: [] as number[],
    /** Guests whose write lands a second later, after the registry went away. */
    lateGrants: 0,
    completeResponses: 0,
    completeWrites: 0,
    /** No lease can be had. */
    acquire: false,
    /** Newer statements do not reach the registry. */
    evidence: false,
  };
  const reads: { crm: boolean }[] = [];
  const findLimits: number[] = [];
  let acquires = 0;

  const failing =
    <Args extends readonly unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (broken.registry) throw new StoreUnavailableError('the registry is away');
      return await work(...args);
    };
  /** The write takes effect; its response is lost as often as `broken` says. */
  const losing =
    <Args extends readonly unknown[], Result>(
      which: 'grantResponses' | 'completeResponses',
      work: (...args: Args) => Promise<Result>,
    ) =>
    async (...args: Args): Promise<Result> => {
      const result = await work(...args);
      if (broken[which] === 0) return result;
      broken[which] -= 1;
      throw new StoreUnavailableError('the response was lost');
    };
  const registry: GuestRegistry = {
    find: failing(async (hashes, deadline: Deadline) => {
      findLimits.push(deadline.remainingMs());
      return await shared.find(hashes, deadline);
    }),
    acquire: failing(
      losing('grantResponses', async (...args: Parameters<typeof shared.acquire>) => {
        acquires += 1;
        if (broken.acquire) throw new StoreUnavailableError('the write never reached the table');
        return await shared.acquire(...args);
      }),
    ),
    create: failing(
      losing('grantResponses', async (...args: Parameters<typeof shared.create>) => {
        const grantMs = broken.grantMs.shift() ?? 0;
        if (grantMs > 0) await clock.sleep(grantMs);
        if (broken.lateGrants === 0) return await shared.create(...args);
        broken.lateGrants -= 1;
        broken.registry = true;
        void clock.sleep(1000).then(async () => await shared.create(...args));
        throw new StoreUnavailableError('no response in time');
      }),
    ),
    renew: failing(shared.renew),
    complete: failing(
      losing('completeResponses', async (...args: Parameters<typeof shared.complete>) => {
        if (broken.completeWrites === 0) return await shared.complete(...args);
        broken.completeWrites -= 1;
        throw new StoreUnavailableError('the write never reached the table');
      }),
    ),
    queue: failing(async (lease, queuedAtMs, evidence, deadline) => {
      if (deadline.signal.aborted) throw new StoreUnavailableError('not tried: the time is over');
      return await shared.queue(lease, queuedAtMs, evidence, deadline);
    }),
    refuse: failing(shared.refuse),
    rememberContact: failing(shared.rememberContact),
    updateEvidence: failing(async (...args: Parameters<typeof shared.updateEvidence>) => {
      if (broken.evidence) throw new StoreUnavailableError('the write never reached the table');
      await shared.updateEvidence(...args);
    }),
    fail: failing(shared.fail),
    release: failing(shared.release),
  };
  const lookUp = (hashes: readonly string[]): CrmLookup => {
    if (broken.crm) return { kind: 'degraded' };
    const record = hashes.map((hash) => crm.get(hash)).find((found) => found !== undefined);
    return record === undefined ? { kind: 'not_found' } : { kind: 'matched', record };
  };
  const tables: VisitorTables = {
    read: async (hashes, want, deadline) => {
      reads.push(want);
      return {
        crm: want.crm ? lookUp(hashes) : { kind: 'not_read' },
        registration: broken.registry || broken.crm ? 'unreachable' : await shared.find(hashes, deadline),
      };
    },
    readCrm: async (hashes) => {
      reads.push({ crm: true });
      return lookUp(hashes);
    },
  };
  const queue: OverflowQueue = {
    send: async (registration) => {
      if (broken.queue) throw new Error('the queue is away');
      messages.push(registration);
      if (state.sendMs > 0) await clock.sleep(state.sendMs);
    },
    expectedWaitSeconds: async () => 1 + messages.length + state.backlogSeconds,
  };
  const settings = {
    anonymousEmailDomain: 'temp.com',
    attributeMap: { crmTier: 'tier', historicalTickets: 'previousTickets' },
    exposedCrmAttributes: ['firstName', 'tier', 'previousTickets'],
    overflowMaxAgeSeconds: 120,
    unverifiedQueueShare,
    guestTtlSeconds,
  };
  const deps = {
    provider,
    clock,
    telemetry,
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
      { verified = false, ...consent }: Partial<Consent> & { verified?: boolean } = {},
      deadline: Deadline = deadlineIn(clock),
    ) =>
      await initialise(
        { sessionId, consent: { given: true, type: 'explicit', stated: true, ...consent }, verified },
        deadline,
      );
  };

  return {
    clock,
    telemetry,
    registry: shared,
    state,
    crm,
    keys,
    messages,
    /** The message that was queued first. */
    queued: (): QueuedRegistration => {
      const [message] = messages;
      if (message === undefined) throw new Error('Nothing was queued.');
      return message;
    },
    broken,
    reads,
    /** How often the registry was asked alone, and how long each of these reads might take. */
    finds: () => findLimits.length,
    findLimits,
    /** How often a lease was asked for. */
    acquires: () => acquires,
    container,
    /** What the CRM team's eraser does to a session. */
    erase: (sessionHash: string) => {
      const ended = { guestId: 'none', provider: 'none', profileDigest: '', anonymous: true } as const;
      const consent = { given: true, type: 'explicit', stated: false } as const;
      const guest = { ...ended, consent, verified: false, registeredAtMs: 0, expiresAtMs: clock.now() };
      shared.setUnsaved({ hashes: [sessionHash], binding: undefined }, { guest, owner: 'eraser' });
    },
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
export const responseLost = (): AmbiguousCreationError => new AmbiguousCreationError('unavailable');
