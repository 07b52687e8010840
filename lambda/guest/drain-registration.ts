import {
  type ClaimedRegistrationDependencies,
  ClaimLostError,
  createClaimedRegistration,
} from './claimed-registration.ts';
import { AmbiguousCreationError, GuestError, LimitedError } from './errors.ts';
import type { Claim, Deadline, GuestRegistry, QueuedRegistration, VisitorTables } from './ports.ts';
import { type ProfileSettings, serves, visitorOf } from './visitor.ts';

export interface DrainRegistrationDependencies extends ClaimedRegistrationDependencies {
  readonly tables: VisitorTables;
  readonly registry: GuestRegistry;
  readonly settings: ProfileSettings & { readonly overflowMaxAgeSeconds: number };
}

/** `done`: the message may be deleted. `later`: deliver it again after so many seconds. */
export type DrainOutcome =
  | { readonly kind: 'done' }
  /** `limited`: Genesys asks to wait, which holds for every other registration as well. */
  | { readonly kind: 'later'; readonly afterSeconds: number; readonly limited?: boolean };

const done: DrainOutcome = { kind: 'done' };
const later = (afterSeconds: number) => ({ kind: 'later', afterSeconds }) as const;

/** A registration is given up after so many deliveries. */
export const maxDeliveries = 10;
/** While somebody else holds the lease, or the CRM cannot be read. */
const shortPauseSeconds = 2;

/**
 * Registers the guest of one queued session; never asks for a guest token, which is minted for the visitor's
 * own call. Safe on redelivery: the registry says whether there is anything left to do.
 * @throws StoreUnavailableError when the registry cannot be reached
 */
export const createDrainRegistration = (deps: DrainRegistrationDependencies) => {
  const { tables, registry, provider, clock, telemetry, settings } = deps;
  const registering = createClaimedRegistration(deps);

  const giveUp = async (claim: Claim, reason: string, deadline: Deadline): Promise<DrainOutcome> => {
    telemetry.record('registration_given_up', { sessionHash: claim.sessionHash, reason });
    await registry.fail(claim, deadline);
    return done;
  };

  const postpone = async (claim: Claim, afterSeconds: number, deadline: Deadline) => {
    telemetry.record('registration_postponed', { sessionHash: claim.sessionHash, afterSeconds });
    await registering.release(registry, claim, deadline);
    return later(afterSeconds);
  };

  return async (
    message: QueuedRegistration,
    deliveries: number,
    deadline: Deadline,
  ): Promise<DrainOutcome> => {
    const { sessionHash, olderHashes } = message;
    const registration = await registry.find([sessionHash], deadline);
    if (registration?.queued === undefined) {
      // A lease without more: the request that sent this message is about to say so in the registry.
      return registration?.leasedUntilMs === undefined ? done : later(shortPauseSeconds);
    }
    const { queued } = registration;
    const claim = await registry.claim(sessionHash, registration, deadline);
    if (claim === undefined) return later(shortPauseSeconds);

    const maxAgeMs = settings.overflowMaxAgeSeconds * 1000;
    const ageMs = clock.now() - message.queuedAtMs;
    if (ageMs > maxAgeMs) return await giveUp(claim, 'too_old', deadline);
    if (message.provider !== provider.name) return await giveUp(claim, 'other_provider', deadline);

    const last = deliveries >= maxDeliveries;
    // The registry's consent is the newest: the CRM is not read at all once it has been withdrawn.
    const { crm } = await tables.read([sessionHash, ...olderHashes], { crm: queued.consent.given }, deadline);
    if (crm.kind === 'degraded' && !last && ageMs < maxAgeMs / 2) {
      return await postpone(claim, shortPauseSeconds, deadline);
    }
    const visitor = visitorOf([sessionHash, ...olderHashes], queued.consent, crm, settings);
    const { profile, profileDigest, consent } = visitor;
    const previous = registration.guest;
    if (previous !== undefined && serves(previous, visitor, provider.name)) {
      await registering.complete(registry, claim, previous, deadline);
      return done;
    }
    try {
      const registered = await registering.register(
        registry,
        claim,
        { sessionHash, profile, profileDigest, consent, previous },
        deadline,
      );
      await registering.complete(registry, registered.claim, registered.guest, deadline);
      const waitedSeconds = Math.round((clock.now() - message.queuedAtMs) / 1000);
      telemetry.record('registration_served', { sessionHash, waitedSeconds });
      return done;
    } catch (error) {
      if (error instanceof ClaimLostError) return later(shortPauseSeconds);
      if (error instanceof LimitedError) {
        const tooLong = error.daily || ageMs + error.waitMs > maxAgeMs;
        if (tooLong || last) return await giveUp(claim, 'limited', deadline);
        const postponed = await postpone(claim, Math.ceil(error.waitMs / 1000), deadline);
        return { ...postponed, limited: true };
      }
      if (error instanceof AmbiguousCreationError) {
        // Not repeated by us: the visitor's next request starts a new attempt.
        telemetry.record('registration_dropped', { sessionHash, reason: 'answer_lost' });
        await registering.release(registry, claim, deadline, { dropQueued: true });
        return done;
      }
      if (
        error instanceof GuestError &&
        (error.code === 'genesys_rejected' || error.code === 'consent_required')
      ) {
        return await giveUp(claim, error.code, deadline);
      }
      if (last) return await giveUp(claim, 'too_many_deliveries', deadline);
      const afterSeconds = error instanceof GuestError ? (error.retryAfterSeconds ?? 5) : 5;
      return await postpone(claim, afterSeconds, deadline);
    }
  };
};
export type DrainRegistration = ReturnType<typeof createDrainRegistration>;
