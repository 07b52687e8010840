import { randomUUID } from 'node:crypto';
import { startDeadline } from './deadline.ts';
import { AmbiguousCreationError, GuestError, LimitedError, StoreUnavailableError } from './errors.ts';
import type {
  Deadline,
  GuestRegistry,
  KnownGuest,
  Lease,
  QueuedRegistration,
  Registration,
  VisitorTables,
} from './ports.ts';
import {
  createRegisterUnderLease,
  LeaseLostError,
  type RegisterUnderLeaseDependencies,
} from './register-under-lease.ts';
import { guestsOf } from './registration.ts';
import type { SessionHashes } from './session-hash.ts';
import type { UnsavedGuest } from './stand-in.ts';
import { type ProfileSettings, serves, type Visitor, visitorOf } from './visitor.ts';

export interface DrainRegistrationDependencies extends RegisterUnderLeaseDependencies {
  readonly tables: VisitorTables;
  readonly registry: GuestRegistry;
  readonly settings: RegisterUnderLeaseDependencies['settings'] &
    ProfileSettings & { readonly overflowMaxAgeSeconds: number };
}

/** `done`: the message may be deleted. `later`: deliver it again after that many seconds. */
export type DrainOutcome =
  | { readonly kind: 'done' }
  /** `limited`: the provider asks to wait, which holds for every other registration as well. */
  | { readonly kind: 'later'; readonly afterSeconds: number; readonly limited?: boolean };

const done: DrainOutcome = { kind: 'done' };
const later = (afterSeconds: number) => ({ kind: 'later', afterSeconds }) as const;

/** A registration is given up after this many deliveries. */
export const maxDeliveries = 10;
/** While somebody else holds the lease, or the CRM cannot be read. */
const shortPauseSeconds = 2;
const maxUnsaved = 1000;

type Attempt =
  | { readonly kind: 'registered' }
  | { readonly kind: 'give_up'; readonly reason: string }
  | { readonly kind: 'postpone'; readonly afterSeconds: number; readonly limited?: boolean }
  | { readonly kind: 'drop' }
  | { readonly kind: 'lease_lost' };

/**
 * Registers the guest of one queued session; never asks for a guest token, which is minted for the visitor's
 * own call. Safe on redelivery: the registry says whether there is anything left to do.
 * @throws StoreUnavailableError when the registry cannot be reached
 */
export const createDrainRegistration = (deps: DrainRegistrationDependencies) => {
  const { tables, registry, provider, clock, telemetry, settings } = deps;
  const underLease = createRegisterUnderLease(deps);
  const maxAgeMs = settings.overflowMaxAgeSeconds * 1000;

  /** What a failed registration means for the message. */
  const afterFailure = (error: unknown, ageMs: number, last: boolean): Attempt => {
    if (error instanceof LeaseLostError) return { kind: 'lease_lost' };
    if (error instanceof StoreUnavailableError) throw error;
    // Not repeated by us: the visitor's next request starts a new attempt.
    if (error instanceof AmbiguousCreationError) return { kind: 'drop' };
    if (error instanceof LimitedError) {
      const hopeless = error.daily || ageMs + error.waitMs > maxAgeMs || last;
      return hopeless
        ? { kind: 'give_up', reason: 'limited' }
        : { kind: 'postpone', afterSeconds: Math.ceil(error.waitMs / 1000), limited: true };
    }
    const code = error instanceof GuestError ? error.code : undefined;
    if (code === 'rejected' || code === 'consent_required') return { kind: 'give_up', reason: code };
    if (last) return { kind: 'give_up', reason: 'too_many_deliveries' };
    return { kind: 'postpone', afterSeconds: (error instanceof GuestError && error.retryAfterSeconds) || 5 };
  };

  /** Guests that this container registered and could not save: the next delivery need only save them. */
  const unsaved = new Map<string, UnsavedGuest>();

  const save = async (lease: Lease, guest: KnownGuest, deadline: Deadline): Promise<void> => {
    const [sessionHash] = lease.hashes;
    unsaved.delete(sessionHash);
    if (await underLease.complete(registry, lease, guest, deadline)) return;
    unsaved.set(sessionHash, { guest, owner: lease.owner });
    for (const oldest of unsaved.keys()) {
      if (unsaved.size <= maxUnsaved) break;
      unsaved.delete(oldest);
    }
    throw new StoreUnavailableError('the guest is not saved yet');
  };

  const register = async (
    lease: Lease,
    visitor: Visitor,
    guests: readonly KnownGuest[],
    deadline: Deadline,
  ): Promise<void> => {
    const created = unsaved.get(lease.hashes[0])?.guest ?? [];
    const fitting = [created, guests].flat().find((guest) => serves(guest, visitor, provider.name));
    if (fitting !== undefined) return await save(lease, fitting, deadline);
    // A limit that outlasts the lease is not waited for here: the message comes back instead.
    const leased = startDeadline(clock, Math.max(0, lease.untilMs - clock.now()), deadline.signal);
    try {
      const created = await underLease.register(registry, lease, visitor, guests[0], leased);
      await save(created.lease, created.guest, deadline);
    } finally {
      leased.clear();
    }
  };

  const attempt = async (
    message: QueuedRegistration,
    registration: Registration,
    lease: Lease,
    ageMs: number,
    last: boolean,
    deadline: Deadline,
  ): Promise<Attempt> => {
    const { consent = message.consent, verified } = registration;
    /** Without a creation, which would count it, the lease's end would remove all traces of its last holder. */
    const without = (result: Attempt): Attempt => {
      underLease.countTakeover(lease);
      return result;
    };
    // A guest that this container has created already is saved, however late.
    const created = unsaved.get(lease.hashes[0])?.guest;
    const tooOld = ageMs > maxAgeMs;
    if (tooOld && created === undefined) return without({ kind: 'give_up', reason: 'too_old' });
    if (message.provider !== provider.name) return without({ kind: 'give_up', reason: 'other_provider' });
    // The registry's consent is the newest: the CRM is not read at all once it has been withdrawn.
    const crm = consent.given
      ? await tables.readCrm(lease.hashes, deadline)
      : ({ kind: 'not_read' } as const);
    if (crm.kind === 'degraded' && !last && ageMs < maxAgeMs / 2) {
      return without({ kind: 'postpone', afterSeconds: shortPauseSeconds });
    }
    const session = { hashes: lease.hashes, binding: undefined };
    const visitor = visitorOf(session, { consent, verified }, crm, provider, settings);
    if (tooOld && !(created && serves(created, visitor, provider.name))) {
      return without({ kind: 'give_up', reason: 'too_old' });
    }
    try {
      await register(lease, visitor, guestsOf(registration), deadline);
      return { kind: 'registered' };
    } catch (error) {
      return afterFailure(error, ageMs, last);
    }
  };

  return async (
    message: QueuedRegistration,
    deliveries: number,
    deadline: Deadline,
  ): Promise<DrainOutcome> => {
    const { sessionHash, olderHashes, queuedAtMs } = message;
    const hashes: SessionHashes = [sessionHash, ...olderHashes];
    const registration = await registry.find(hashes, deadline);
    if (registration?.queued === undefined) {
      // A lease without more: the request that sent this message is about to say so in the registry.
      return registration?.leasedUntilMs === undefined ? done : later(shortPauseSeconds);
    }
    // A later attempt has a message of its own: this one neither serves nor ends it.
    if (queuedAtMs < registration.queued.atMs) return done;
    const lease = await registry.acquire(
      hashes,
      registration,
      unsaved.get(sessionHash)?.owner ?? randomUUID(),
      deadline,
    );
    if (lease === undefined) return later(shortPauseSeconds);

    const ageMs = clock.now() - registration.queued.atMs;
    const result = await attempt(message, registration, lease, ageMs, deliveries >= maxDeliveries, deadline);
    switch (result.kind) {
      case 'registered':
        telemetry.record('registration_served', { sessionHash, waitedSeconds: Math.round(ageMs / 1000) });
        return done;
      case 'give_up':
        telemetry.record('registration_given_up', { sessionHash, reason: result.reason });
        await registry.fail(lease, deadline);
        return done;
      case 'drop':
        telemetry.record('registration_dropped', { sessionHash, reason: 'response_lost' });
        await underLease.release(registry, lease, deadline, { dropQueued: true });
        return done;
      case 'lease_lost':
        return later(shortPauseSeconds);
      case 'postpone': {
        const { afterSeconds, limited = false } = result;
        telemetry.record('registration_postponed', { sessionHash, afterSeconds });
        await underLease.release(registry, lease, deadline);
        return { ...later(afterSeconds), limited };
      }
    }
  };
};
export type DrainRegistration = ReturnType<typeof createDrainRegistration>;
