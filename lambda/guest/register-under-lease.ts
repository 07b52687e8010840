import { isRefusal } from './consent.ts';
import { withGrace } from './deadline.ts';
import { AmbiguousCreationError, LeaseTooShortError, StoreUnavailableError } from './errors.ts';
import type { GuestEvent } from './events.ts';
import type { Clock, Deadline, GuestProvider, GuestRegistry, KnownGuest, Lease, Telemetry } from './ports.ts';
import type { Visitor } from './visitor.ts';

/** Somebody else took over the right to register this session's guest; nothing was created here. */
export class LeaseLostError extends Error {
  override readonly name = 'LeaseLostError';
}

export interface RegisterUnderLeaseDependencies {
  readonly provider: GuestProvider;
  readonly clock: Clock;
  readonly telemetry: Telemetry<GuestEvent>;
  readonly settings: { readonly guestTtlSeconds: number };
}

/** Time that ending a lease may take after the request's own time is over. */
const releaseGraceMs = 200;
/** Time that remembering a created guest may take: losing it means an orphan. */
const completeGraceMs = 500;
/** An attempt with less time than this is not made. */
const shortestAttemptMs = 500;
/** From the renewal of a lease until the attempt is sent. */
const untilSentMs = 250;
/** Kept back from a lease for a created guest's way into the registry. */
const completeReserveMs = 500;

/** Registers one session's guest under a lease that the caller holds, and ends the lease. */
export const createRegisterUnderLease = (deps: RegisterUnderLeaseDependencies) => {
  const { provider, clock, telemetry, settings } = deps;

  const release = async (
    registry: GuestRegistry,
    lease: Lease,
    deadline: Deadline,
    options: { dropQueued?: boolean } = {},
  ): Promise<void> =>
    await withGrace(clock, deadline, releaseGraceMs, async (grace) => {
      await registry.release(lease, grace, options);
    }).catch(() => telemetry.record('registry_unavailable', { operation: 'release' }));

  /** Ends the lease after a failure, so that the next request need not wait until it expires. */
  const abandon = async (
    registry: GuestRegistry,
    lease: Lease,
    { consent, verified }: Visitor,
    deadline: Deadline,
  ): Promise<void> => {
    // A refusal is remembered although it brought no guest: a later silence must not count as consent.
    if (!isRefusal(consent)) return await release(registry, lease, deadline);
    await withGrace(clock, deadline, releaseGraceMs, async (grace) => {
      await registry.refuse(lease, { consent, verified }, grace);
    }).catch(() => telemetry.record('registry_unavailable', { operation: 'refuse' }));
  };

  const renew = async (registry: GuestRegistry, lease: Lease, deadline: Deadline): Promise<Lease> => {
    try {
      const renewed = await registry.renew(lease, deadline);
      if (renewed === undefined) throw new LeaseLostError('the lease expired');
      return renewed;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      telemetry.record('registry_unavailable', { operation: 'renew' });
      // Nobody else can take it over while the registry is away.
      return { ...lease, untilMs: Number.POSITIVE_INFINITY };
    }
  };

  /** Waiting for a limit or for a token may outlast the lease: it is renewed before a guest is created, never after. */
  const create = async (
    registry: GuestRegistry,
    lease: Lease,
    { session, profile, consent, verified }: Visitor,
    previous: KnownGuest | undefined,
    deadline: Deadline,
  ) => {
    let leastMs = Number.POSITIVE_INFINITY;
    for (let held = lease; ; ) {
      const createUntilMs = held.untilMs - completeReserveMs;
      try {
        const command = { session, profile, consent, verified, previous, createUntilMs, leastMs };
        return { registered: await provider.register(command, deadline), lease: held };
      } catch (error) {
        if (!(error instanceof LeaseTooShortError)) throw error;
      }
      held = await renew(registry, held, deadline);
      leastMs = Math.max(shortestAttemptMs, held.untilMs - completeReserveMs - clock.now() - untilSentMs);
    }
  };

  /** Whoever held the lease before may have created a guest that nobody knows. */
  const countTakeover = ({ takenOver, hashes }: Lease): void => {
    if (takenOver) telemetry.record('guest_orphaned', { sessionHash: hashes[0], reason: 'lease_expired' });
  };

  /** @throws LeaseLostError, and what the provider throws; the lease is the caller's to end then */
  const register = async (
    registry: GuestRegistry,
    lease: Lease,
    visitor: Visitor,
    previous: KnownGuest | undefined,
    deadline: Deadline,
  ): Promise<{ readonly guest: KnownGuest; readonly lease: Lease }> => {
    const [sessionHash] = visitor.session.hashes;
    countTakeover(lease);
    try {
      const { registered, lease: held } = await create(registry, lease, visitor, previous, deadline);
      const registeredAtMs = clock.now();
      const guest: KnownGuest = {
        guestId: registered.guestId,
        provider: provider.name,
        profileDigest: visitor.profileDigest,
        anonymous: visitor.profile.anonymous,
        consent: visitor.consent,
        verified: visitor.verified,
        registeredAtMs,
        expiresAtMs: registered.expiresAtMs ?? registeredAtMs + settings.guestTtlSeconds * 1000,
        sealedToken: registered.sealedToken,
      };
      if (guest.guestId !== previous?.guestId) {
        telemetry.record('guest_created', { sessionHash, guestId: guest.guestId });
      }
      return { guest, lease: held };
    } catch (error) {
      if (error instanceof AmbiguousCreationError) {
        telemetry.record('guest_orphaned', { sessionHash, reason: 'response_lost' });
      }
      throw error;
    }
  };

  /**
   * Remembers the guest. Never throws: the visitor has a guest, whether the registry knows it or not.
   * @returns false where the registry could not be reached
   */
  const complete = async (
    registry: GuestRegistry,
    lease: Lease,
    guest: KnownGuest,
    deadline: Deadline,
  ): Promise<boolean> => {
    try {
      const kept = await withGrace(
        clock,
        deadline,
        completeGraceMs,
        async (grace) => await registry.complete(lease, guest, grace),
      );
      if (!kept) telemetry.record('guest_orphaned', { sessionHash: lease.hashes[0], reason: 'lease_lost' });
      return true;
    } catch {
      telemetry.record('registry_unavailable', { operation: 'complete' });
      return false;
    }
  };

  return { register, complete, release, abandon, countTakeover };
};
