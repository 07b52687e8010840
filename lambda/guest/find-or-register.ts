import {
  type ClaimedRegistrationDependencies,
  ClaimLostError,
  createClaimedRegistration,
} from './claimed-registration.ts';
import { consentDigest } from './consent.ts';
import { GuestError, LimitedError } from './errors.ts';
import { type FallbackRegistry, type OpenedSession, unlessUnreachable } from './open-session.ts';
import type { Claim, Deadline, GuestRegistry, KnownGuest, OverflowQueue } from './ports.ts';
import { serves, type Visitor } from './visitor.ts';

export interface FindOrRegisterDependencies extends ClaimedRegistrationDependencies {
  readonly registry: GuestRegistry;
  readonly memory: FallbackRegistry;
  readonly unsaved: Set<string>;
  readonly queue: OverflowQueue | undefined;
  readonly settings: { readonly overflowMaxAgeSeconds: number };
}

/** A guest that serves the visitor; `saving` remembers it while the token is asked for. */
export interface FoundGuest {
  readonly kind: 'guest';
  readonly guest: KnownGuest;
  readonly saving?: Promise<void>;
  readonly degraded?: boolean;
}
export interface QueuedGuest {
  readonly kind: 'queued';
  /** How long Genesys asked us to wait, where this request was told. */
  readonly waitMs: number;
}

const firstPollMs = 40;
const longestPollMs = 400;
const maxUnsaved = 10_000;

/**
 * The session's guest: found, registered here, or registered by somebody else while we wait for them.
 * `refused` names a guest that the provider does not know any more.
 * @throws StoreUnavailableError before anything was created; GuestError as the provider does
 */
export const createFindOrRegister = (deps: FindOrRegisterDependencies) => {
  const { registry, memory, unsaved, provider, queue, clock, telemetry, settings } = deps;
  const registering = createClaimedRegistration(deps);

  const enqueue = async (
    store: GuestRegistry,
    claim: Claim,
    { hashes: [sessionHash, ...olderHashes], consent }: Visitor,
    limited: LimitedError,
    deadline: Deadline,
  ): Promise<QueuedGuest> => {
    // Without the shared registry a repeated request could not find its guest.
    if (queue === undefined || limited.daily || store !== registry) throw limited;
    // A registration that would only grow too old in a long queue is told so at once.
    const waitSeconds = await queue.expectedWaitSeconds(deadline);
    if (waitSeconds > settings.overflowMaxAgeSeconds) {
      throw new LimitedError(Math.max(limited.waitMs, waitSeconds * 1000), false, { cause: limited });
    }
    try {
      await queue.send(
        { sessionHash, olderHashes, provider: provider.name, consent, queuedAtMs: clock.now() },
        deadline,
      );
    } catch (error) {
      telemetry.record('queue_unavailable', { operation: 'send' });
      throw new LimitedError(limited.waitMs, false, { cause: error });
    }
    telemetry.record('registration_queued', { sessionHash });
    await unlessUnreachable(telemetry, 'queue', store.queue(claim, consent, deadline));
    return { kind: 'queued', waitMs: limited.waitMs };
  };

  const registerUnder = async (
    store: GuestRegistry,
    claim: Claim,
    previous: KnownGuest | undefined,
    visitor: Visitor,
    deadline: Deadline,
  ): Promise<FoundGuest | QueuedGuest> => {
    const {
      hashes: [sessionHash],
      consent,
      profile,
      profileDigest,
    } = visitor;
    try {
      const registered = await registering.register(
        store,
        claim,
        { sessionHash, profile, profileDigest, consent, previous },
        deadline,
      );
      return {
        kind: 'guest',
        ...registered,
        saving: save(store, registered.claim, registered.guest, deadline),
      };
    } catch (error) {
      try {
        if (error instanceof LimitedError) return await enqueue(store, claim, visitor, error, deadline);
        throw error;
      } catch (failure) {
        if (!(failure instanceof ClaimLostError)) await registering.release(store, claim, deadline);
        throw failure;
      }
    }
  };

  const save = async (store: GuestRegistry, claim: Claim, guest: KnownGuest, deadline: Deadline) => {
    memory.remember(claim.sessionHash, guest);
    const saved = await registering.complete(store, claim, guest, deadline);
    if (saved && store === registry) unsaved.delete(claim.sessionHash);
    else if (unsaved.size < maxUnsaved) unsaved.add(claim.sessionHash);
  };

  return async (
    { store, visitor, owner, ...start }: OpenedSession,
    refused: string | undefined,
    deadline: Deadline,
  ): Promise<FoundGuest | QueuedGuest> => {
    const { hashes, consent } = visitor;
    let { registration, claim, claimUnknown } = start;
    for (let pollMs = firstPollMs; ; pollMs = Math.min(longestPollMs, pollMs * 2)) {
      const guest = registration?.guest;
      const usable =
        guest !== undefined && guest.guestId !== refused && serves(guest, visitor, provider.name);
      if (claim !== undefined) {
        if (usable) return { kind: 'guest', guest, saving: save(store, claim, guest, deadline) };
        try {
          return await registerUnder(
            store,
            claim,
            guest?.guestId === refused ? undefined : guest,
            visitor,
            deadline,
          );
        } catch (error) {
          if (!(error instanceof ClaimLostError)) throw error;
        }
      } else if (registration?.failed !== undefined) {
        throw new GuestError(
          'registration_failed',
          'The registration was given up; please try again later.',
          {
            retryAfterSeconds: 60,
          },
        );
      } else if (registration?.queued !== undefined) {
        if (consentDigest(registration.queued.consent) !== consentDigest(consent)) {
          await store.updateConsent(registration, consent, deadline);
        }
        return { kind: 'queued', waitMs: 0 };
      } else if (usable) {
        if (registration?.sessionHash === hashes[0]) return { kind: 'guest', guest };
        // Found under an older key: it moves to the newest, before the older is forgotten.
        claim = await store.claim(hashes[0], undefined, deadline, owner);
        if (claim === undefined) return { kind: 'guest', guest };
        continue;
      } else if (registration?.leasedUntilMs === undefined || claimUnknown) {
        // An entry under an older hash is replaced by one under the newest.
        claim = await store.claim(
          hashes[0],
          registration?.sessionHash === hashes[0] ? registration : undefined,
          deadline,
          owner,
        );
        claimUnknown = false;
        if (claim !== undefined) continue;
      }
      claim = undefined;
      await clock.sleep(pollMs, deadline.signal);
      registration = await store.find(hashes, deadline);
    }
  };
};
