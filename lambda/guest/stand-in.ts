import { isRefusal } from './consent.ts';
import type { GuestProvider, GuestRegistry, KnownGuest, Registration } from './ports.ts';
import { guestsOf, newestFirst } from './registration.ts';
import type { SessionIdentity } from './session-hash.ts';
import { serves, type Visitor } from './visitor.ts';

/** A guest that this container registered and could not write to the registry. */
export interface UnsavedGuest {
  readonly guest: KnownGuest;
  /** Who holds the lease that it was registered under, as far as the registry knows. */
  readonly owner: string;
  /** Guests of the session that the provider does not know any more. */
  readonly forgotten?: readonly string[] | undefined;
}

/** Stands in for the registry while that cannot be reached: one guest per session within this container. */
export type FallbackRegistry = GuestRegistry & {
  unsaved(session: SessionIdentity): UnsavedGuest | undefined;
  /** Remembers that a guest could not be saved, or that it was in the end. */
  setUnsaved(session: SessionIdentity, unsaved: UnsavedGuest | undefined): void;
  /** Remembers a guest that the registry has. */
  learn(session: SessionIdentity, guest: KnownGuest): void;
  /** Forgets a guest that could not be saved. */
  giveUp(session: SessionIdentity): void;
};

/** The consent that silence goes by: the refusal of an unsaved guest, unless another statement came with a newer one. */
export const consentWith = (registration: Registration | undefined, unsaved: KnownGuest | undefined) => {
  const isNewest = (unsaved?.registeredAtMs ?? 0) > (registration?.guest?.registeredAtMs ?? 0);
  const holds = isNewest || registration?.consent?.stated !== true;
  return isRefusal(unsaved?.consent) && holds ? unsaved?.consent : registration?.consent;
};

/** Guests that were registered within so long were registered side by side: none of them replaced the other. */
const sideBySideMs = 10_000;

/**
 * A registration with a guest that did not reach the registry; `undefined` where the session goes on without it, since
 * one that did reach it serves the visitor or has replaced it. Its mark of verification stands against whoever is not.
 */
export const withStandIn = (
  registration: Registration | undefined,
  { guest: standIn, forgotten = [] }: UnsavedGuest,
  visitor: Visitor,
  provider: string,
): Registration | undefined => {
  const saved = guestsOf(registration).filter(({ guestId }) => !forgotten.includes(guestId));
  const { registeredAtMs = 0 } = saved[0] ?? {};
  const isNewest = standIn.registeredAtMs > registeredAtMs;
  const isNewer = standIn.verified || standIn.registeredAtMs > registeredAtMs - sideBySideMs;
  const isShutOut = registration?.verified === true && !visitor.verified;
  const isWanted = isNewest || (isNewer && serves(standIn, visitor, provider));
  const isNeeded = isWanted && !isShutOut && !saved.some((guest) => serves(guest, visitor, provider));
  if (!isNeeded && (!standIn.verified || visitor.verified)) return undefined;
  const [guest, ...olderGuests] = newestFirst([...saved, standIn]);
  const verified = standIn.verified || registration?.verified === true;
  const guests = { guest, olderGuests: olderGuests.length > 0 ? olderGuests : undefined };
  return { versions: new Map(), ...registration, ...guests, guestEverywhere: false, verified };
};

/** Whether only this guest says that the visitor refused, or was verified: the registry has yet to learn it. */
const tellsMore = (
  { consent, verified }: KnownGuest,
  registration: Registration | undefined,
  visitor: Visitor,
) =>
  (isRefusal(consent) && isRefusal(visitor.consent) && !isRefusal(registration?.consent)) ||
  (verified && registration?.verified !== true);

/**
 * Goes on with a guest that did not reach the registry, and remembers it, or without it, and remembers the one that serves
 * in its place: it must not come back once its session is erased.
 */
export const adopt = (
  { memory, provider }: { readonly memory: FallbackRegistry; readonly provider: GuestProvider },
  registration: Registration | undefined,
  unsaved: UnsavedGuest,
  visitor: Visitor,
): { readonly registration: Registration | undefined; readonly standIn: UnsavedGuest | undefined } => {
  const { session } = visitor;
  const { guest } = unsaved;
  const adopted = withStandIn(registration, unsaved, visitor, provider.name);
  if (adopted !== undefined) {
    if (memory.unsaved(session)?.guest.guestId !== guest.guestId) memory.setUnsaved(session, unsaved);
    return { registration: adopted, standIn: unsaved };
  }
  const saved = guestsOf(registration);
  const winner = saved.find((one) => serves(one, visitor, provider.name));
  const isSaved = saved.some(({ guestId }) => guestId === guest.guestId);
  if (isSaved) memory.setUnsaved(session, undefined);
  else if (!tellsMore(guest, registration, visitor)) {
    if (winner === undefined) memory.giveUp(session);
    else memory.learn(session, winner);
  }
  return { registration, standIn: undefined };
};
