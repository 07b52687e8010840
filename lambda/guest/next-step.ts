import { type Consent, consentDigest } from './consent.ts';
import type { KnownGuest, Lease, Registration } from './ports.ts';
import { guestsOf } from './registration.ts';
import { serves, type Visitor } from './visitor.ts';

/** What is known about a session's registration at one moment. */
export interface Situation {
  readonly visitor: Visitor;
  /** Name of the provider in use. */
  readonly provider: string;
  readonly registration: Registration | undefined;
  /** The lease, where this request holds it. */
  readonly lease: Lease | undefined;
  /** The response to an attempt at the lease was lost: the lease may be ours without our knowing. */
  readonly leaseUncertain: boolean;
  /** Guests that the provider does not know any more. */
  readonly unknown: readonly string[];
}

export type NextStep =
  /** The guest fits: ask for its token. `stated`: the visitor has stated what the evidence does not say yet. */
  | { readonly kind: 'use'; readonly guest: KnownGuest; readonly stated: boolean }
  /** The guest fits, but is not under each hash: remember it there, under the lease. */
  | { readonly kind: 'save'; readonly guest: KnownGuest; readonly lease: Lease }
  | { readonly kind: 'register'; readonly previous: KnownGuest | undefined; readonly lease: Lease }
  | { readonly kind: 'acquire' }
  /** Somebody else registers the guest. */
  | { readonly kind: 'wait' }
  /** `stated`: the visitor has stated something newer than what is queued. */
  | { readonly kind: 'queued'; readonly stated: boolean }
  | { readonly kind: 'refuse'; readonly code: 'registration_failed' | 'unverified' };

/** Whether this visitor states something that the evidence does not say yet; silence states nothing. */
const statesMore = (
  { consent, verified }: Visitor,
  { consent: known, ...registration }: Registration,
): boolean => {
  if (verified !== registration.verified) return true;
  return consent.stated && (known?.stated !== true || consentDigest(known) !== consentDigest(consent));
};

/** The guest as it is saved again: with what was stated since, since its consent becomes the evidence. */
const withStatement = (
  guest: KnownGuest,
  { consent }: Visitor,
  known: Registration | undefined,
): KnownGuest => {
  const isStatement = (one: Consent | undefined): boolean =>
    one?.stated === true && consentDigest(one) === consentDigest(guest.consent);
  return { ...guest, consent: [consent, known?.consent].find(isStatement) ?? guest.consent };
};

/** Decides what a request does next about its session's guest. Does nothing itself. */
export const nextStep = (situation: Situation): NextStep => {
  const { visitor, provider, registration, lease, leaseUncertain, unknown } = situation;
  if (registration?.verified === true && !visitor.verified) return { kind: 'refuse', code: 'unverified' };
  const guests = guestsOf(registration).filter(({ guestId }) => !unknown.includes(guestId));
  // Not the newest at any price: whose clock is behind would make the newer one look older.
  const guest = guests.find((one) => serves(one, visitor, provider));

  if (lease !== undefined) {
    return guest === undefined
      ? { kind: 'register', previous: guests[0], lease }
      : { kind: 'save', guest: withStatement(guest, visitor, registration), lease };
  }
  if (registration === undefined) return { kind: 'acquire' };
  const isLeased = registration.leasedUntilMs !== undefined;
  if (guest !== undefined) {
    const isEverywhere = registration.guestEverywhere && guest === registration.guest;
    // Found under one key only: it is written under the other, unless somebody else is at it.
    return isEverywhere || (isLeased && !leaseUncertain)
      ? { kind: 'use', guest, stated: statesMore(visitor, registration) }
      : { kind: 'acquire' };
  }
  if (registration.failed !== undefined) return { kind: 'refuse', code: 'registration_failed' };
  if (registration.queued !== undefined) return { kind: 'queued', stated: statesMore(visitor, registration) };
  if (isLeased && !leaseUncertain) return { kind: 'wait' };
  return { kind: 'acquire' };
};
