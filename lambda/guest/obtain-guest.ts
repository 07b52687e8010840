import { isRefusal } from './consent.ts';
import { withGrace } from './deadline.ts';
import { deadlineExceeded, GuestError, LimitedError, StoreUnavailableError } from './errors.ts';
import { nextStep } from './next-step.ts';
import { type OpenedSession, unlessUnreachable } from './open-session.ts';
import type { Deadline, GuestRegistry, KnownGuest, Lease, OverflowQueue } from './ports.ts';
import {
  createRegisterUnderLease,
  LeaseLostError,
  type RegisterUnderLeaseDependencies,
} from './register-under-lease.ts';
import { adopt, type FallbackRegistry } from './stand-in.ts';
import { heeding, type ProfileSettings, type Visitor } from './visitor.ts';

export interface ObtainGuestDependencies extends RegisterUnderLeaseDependencies {
  readonly registry: GuestRegistry;
  readonly memory: FallbackRegistry;
  readonly queue: OverflowQueue | undefined;
  readonly settings: RegisterUnderLeaseDependencies['settings'] &
    ProfileSettings & {
      readonly overflowMaxAgeSeconds: number;
      /** Of the longest queue, how much unverified sessions may fill; 1 where sessions cannot be verified. */
      readonly unverifiedQueueShare: number;
    };
}

/** A guest that serves the visitor. */
export interface ObtainedGuest {
  readonly kind: 'guest';
  /** The visitor as the guest was chosen for them: a refusal may have been stated since their request began. */
  readonly visitor: Visitor;
  readonly guest: KnownGuest;
  readonly reused: boolean;
  /** The registry's write that goes on while the token is obtained; never rejects. */
  readonly saving?: Promise<unknown>;
}
export interface QueuedGuest {
  readonly kind: 'queued';
  /** How long the provider asked us to wait, where this request heard of it. */
  readonly waitMs: number;
}

const firstPollMs = 40;
const longestPollMs = 400;
/** With less time left a request that has waited for somebody else creates nothing: it might not hear of its guest. */
const leastForCreationMs = 750;
/** Time that remembering a queued registration may take after the request's own time is over. */
const queueGraceMs = 200;

/**
 * The session's guest: found, registered here, or registered by somebody else while we wait for them.
 * `unknown` are guests that the provider does not know any more.
 * From the registry or, where that cannot be reached, within this container.
 * @throws GuestError as the provider does
 */
export const createObtainGuest = (deps: ObtainGuestDependencies) => {
  const { registry, memory, provider, queue, clock, telemetry, settings } = deps;
  const underLease = createRegisterUnderLease(deps);

  const enqueue = async (
    store: GuestRegistry,
    lease: Lease,
    { session, consent, verified }: Visitor,
    limited: LimitedError,
    deadline: Deadline,
  ): Promise<QueuedGuest> => {
    const [sessionHash, ...olderHashes] = session.hashes;
    // Without the shared registry a repeated request could not find its guest.
    if (queue === undefined || limited.daily || store !== registry) throw limited;
    // A registration that would only grow too old in a long queue is refused at once.
    const waitSeconds = await queue.expectedWaitSeconds(deadline);
    const share = verified ? 1 : settings.unverifiedQueueShare;
    if (waitSeconds > settings.overflowMaxAgeSeconds * share) {
      if (waitSeconds <= settings.overflowMaxAgeSeconds)
        telemetry.record('admission_refused', { reason: 'queue' });
      throw new LimitedError(Math.max(limited.waitMs, waitSeconds * 1000), false, { cause: limited });
    }
    const queuedAtMs = clock.now();
    try {
      await queue.send({ sessionHash, olderHashes, provider: provider.name, consent, queuedAtMs }, deadline);
    } catch (error) {
      telemetry.record('queue_unavailable', { operation: 'send' });
      throw new LimitedError(limited.waitMs, false, { cause: error });
    }
    telemetry.record('registration_queued', { sessionHash });
    const evidence = { consent, verified };
    // The message is on its way: without this the worker would find nothing to register.
    const marked = withGrace(
      clock,
      deadline,
      queueGraceMs,
      async (grace) => await store.queue(lease, queuedAtMs, evidence, grace),
    );
    await unlessUnreachable(telemetry, 'queue', marked);
    return { kind: 'queued', waitMs: limited.waitMs };
  };

  const save = async (
    store: GuestRegistry,
    lease: Lease,
    guest: KnownGuest,
    { session }: Visitor,
    unknown: readonly string[],
    deadline: Deadline,
  ): Promise<void> => {
    // Before the write: a request that comes while it hangs finds the guest here.
    const forgotten = [...(memory.unsaved(session)?.forgotten ?? []), ...unknown];
    memory.setUnsaved(session, { guest, owner: lease.owner, forgotten });
    const saved = await underLease.complete(store, lease, guest, deadline);
    if (saved && store === registry) memory.setUnsaved(session, undefined);
  };

  const register = async (
    store: GuestRegistry,
    lease: Lease,
    visitor: Visitor,
    previous: KnownGuest | undefined,
    unknown: readonly string[],
    deadline: Deadline,
  ): Promise<ObtainedGuest | QueuedGuest> => {
    try {
      const created = await underLease.register(store, lease, visitor, previous, deadline);
      const saving = save(store, created.lease, created.guest, visitor, unknown, deadline);
      return { kind: 'guest', visitor, guest: created.guest, reused: false, saving };
    } catch (error) {
      try {
        if (error instanceof LimitedError) return await enqueue(store, lease, visitor, error, deadline);
        throw error;
      } catch (failure) {
        if (!(failure instanceof LeaseLostError)) {
          await underLease.abandon(store, lease, visitor, deadline);
        }
        throw failure;
      }
    }
  };

  /** Remembers what the visitor states beside a guest, or a queued registration, that stays as it is. */
  const state = async (store: GuestRegistry, visitor: Visitor, deadline: Deadline) =>
    await unlessUnreachable(
      telemetry,
      'updateEvidence',
      store.updateEvidence(visitor.session.hashes, visitor, deadline),
    );

  return async (
    { owner, created, uncertain, ...start }: OpenedSession,
    unknown: readonly string[],
    deadline: Deadline,
  ): Promise<ObtainedGuest | QueuedGuest> => {
    let { store, visitor, registration, lease, leaseUncertain, standIn } = start;
    let hasWaited = false;
    const { session } = visitor;
    const { hashes } = session;
    if (created !== undefined) {
      telemetry.record('guest_created', { sessionHash: hashes[0], guestId: created.guestId });
      memory.learn(session, created);
      return { kind: 'guest', visitor, guest: created, reused: false };
    }
    const served = (guest: KnownGuest): ObtainedGuest => {
      const reused = guest.guestId !== uncertain?.guestId;
      if (!reused) telemetry.record('guest_created', { sessionHash: hashes[0], guestId: guest.guestId });
      return { kind: 'guest', visitor, guest, reused };
    };

    const stepByStep = async (): Promise<ObtainedGuest | QueuedGuest> => {
      for (let pollMs = firstPollMs; ; pollMs = Math.min(longestPollMs, pollMs * 2)) {
        const seen = { visitor, provider: provider.name, registration, lease, leaseUncertain, unknown };
        const step = nextStep(seen);
        switch (step.kind) {
          case 'refuse':
            // Nobody is served, and a later silence must not count as consent all the same.
            if (step.code === 'registration_failed' && isRefusal(visitor.consent)) {
              await state(store, visitor, deadline);
            }
            throw new GuestError(
              step.code,
              step.code === 'registration_failed' ? { retryAfterSeconds: 60 } : {},
            );
          case 'use': {
            const { guest, stated } = step;
            return { ...served(guest), ...(stated ? { saving: state(store, visitor, deadline) } : {}) };
          }
          case 'queued':
            // What the visitor states now must reach the worker: without that there is no 202.
            if (step.stated && (await state(store, visitor, deadline)) === 'unreachable') {
              throw new GuestError('unavailable', { retryAfterSeconds: 1 });
            }
            return { kind: 'queued', waitMs: 0 };
          case 'save': {
            const saving = save(store, step.lease, step.guest, visitor, unknown, deadline);
            return { ...served(step.guest), saving };
          }
          case 'register':
            if (hasWaited && provider.mint === undefined && deadline.remainingMs() < leastForCreationMs) {
              underLease.countTakeover(step.lease);
              await underLease.abandon(store, step.lease, visitor, deadline);
              throw deadlineExceeded();
            }
            try {
              return await register(store, step.lease, visitor, step.previous, unknown, deadline);
            } catch (error) {
              if (!(error instanceof LeaseLostError)) throw error;
            }
            break;
          case 'acquire':
            lease = await store.acquire(hashes, registration, owner, deadline);
            leaseUncertain = false;
            if (lease !== undefined) continue;
            break;
          case 'wait':
            break;
        }
        lease = undefined;
        hasWaited = true;
        await clock.sleep(pollMs, deadline.signal);
        registration = await store.find(hashes, deadline);
        visitor = heeding(visitor, registration, provider, settings);
        if (standIn !== undefined) ({ registration, standIn } = adopt(deps, registration, standIn, visitor));
      }
    };

    try {
      return await stepByStep();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || store === memory) throw error;
      telemetry.record('registry_unavailable', { operation: 'register' });
    }
    // Within this container, as the visitor is by now: a refusal may have been stated while this request waited.
    store = memory;
    registration = await memory.find(hashes, deadline);
    visitor = heeding(visitor, registration, provider, settings);
    [lease, standIn, leaseUncertain] = [undefined, undefined, false];
    return await stepByStep();
  };
};
