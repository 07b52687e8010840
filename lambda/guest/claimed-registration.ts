import { withGrace } from './deadline.ts';
import { AmbiguousCreationError, StoreUnavailableError } from './errors.ts';
import type { GuestEvent } from './events.ts';
import type {
  Claim,
  Clock,
  Deadline,
  GuestProvider,
  GuestRegistry,
  KnownGuest,
  RegisterCommand,
  Telemetry,
} from './ports.ts';

/** Somebody else took over the right to register this session's guest; nothing was created here. */
export class ClaimLostError extends Error {
  override readonly name = 'ClaimLostError';
}

export interface ClaimedRegistrationDependencies {
  readonly provider: GuestProvider;
  readonly clock: Clock;
  readonly telemetry: Telemetry<GuestEvent>;
  readonly genesysTimeoutMs: number;
  readonly guestTtlSeconds: number;
}

/** Time that ending a lease may take after the request's own time is over. */
const releaseGraceMs = 200;
/** Time that remembering a created guest may take: losing it means an orphan. */
const completeGraceMs = 500;
/** A creation is only sent while the lease covers it and its answer's way into the registry. */
const leaseReserveMs = 500;

/**
 * Registers one session's guest under a claim that the caller holds.
 * On failure the lease is ended, so that the next request need not wait for it to run out.
 */
export const createClaimedRegistration = (deps: ClaimedRegistrationDependencies) => {
  const { provider, clock, telemetry, genesysTimeoutMs, guestTtlSeconds } = deps;

  const release = async (
    registry: GuestRegistry,
    claim: Claim,
    deadline: Deadline,
    options: { dropQueued?: boolean } = {},
  ): Promise<void> =>
    await withGrace(clock, deadline, releaseGraceMs, async (grace) => {
      await registry.release(claim, grace, options);
    }).catch(() => telemetry.record('registry_unavailable', { operation: 'release' }));

  /** Before each creation: the lease must outlive the attempt, or somebody else might create a second guest. */
  const keepClaim = async (registry: GuestRegistry, claim: Claim, deadline: Deadline): Promise<Claim> => {
    if (claim.untilMs - clock.now() >= genesysTimeoutMs + leaseReserveMs) return claim;
    try {
      const renewed = await registry.renew(claim, deadline);
      if (renewed === undefined) throw new ClaimLostError('the lease ran out');
      return renewed;
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      telemetry.record('registry_unavailable', { operation: 'renew' });
      return claim;
    }
  };

  const register = async (
    registry: GuestRegistry,
    claim: Claim,
    command: Omit<RegisterCommand, 'beforeCreation'>,
    deadline: Deadline,
  ): Promise<{ readonly guest: KnownGuest; readonly claim: Claim; readonly degraded: boolean }> => {
    const { sessionHash, profile, profileDigest, consent } = command;
    let held = claim;
    if (claim.takenOver) telemetry.record('guest_orphaned', { sessionHash, reason: 'lease_ran_out' });
    try {
      const registered = await provider.register(
        {
          ...command,
          beforeCreation: async () => {
            held = await keepClaim(registry, held, deadline);
          },
        },
        deadline,
      );
      const registeredAtMs = clock.now();
      const degraded = registered.degraded ?? false;
      const guest: KnownGuest = {
        guestId: registered.guestId,
        provider: provider.name,
        // A profile that did not reach the provider is not remembered as told: the next request tells it again.
        profileDigest: degraded ? '' : profileDigest,
        anonymous: profile.anonymous || degraded,
        consent,
        registeredAtMs,
        expiresAtMs: registered.expiresAtMs ?? registeredAtMs + guestTtlSeconds * 1000,
        sealedToken: registered.sealedToken,
      };
      if (guest.guestId !== command.previous?.guestId) {
        telemetry.record('guest_created', { sessionHash, guestId: guest.guestId });
      }
      return { guest, claim: held, degraded };
    } catch (error) {
      if (error instanceof AmbiguousCreationError) {
        telemetry.record('guest_orphaned', { sessionHash, reason: 'answer_lost' });
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
    claim: Claim,
    guest: KnownGuest,
    deadline: Deadline,
  ): Promise<boolean> => {
    try {
      const kept = await withGrace(
        clock,
        deadline,
        completeGraceMs,
        async (grace) => await registry.complete(claim, guest, grace),
      );
      if (!kept) {
        telemetry.record('guest_orphaned', { sessionHash: claim.sessionHash, reason: 'lease_lost' });
      }
      return true;
    } catch {
      telemetry.record('registry_unavailable', { operation: 'complete' });
      return false;
    }
  };

  return { register, complete, release };
};
