import { type Consent, consentDigest, consentInForce } from './consent.ts';
import type { Enrichment } from './enrichment.ts';
import type { CrmLookup, GuestProvider, KnownGuest, Registration, VisitorEvidence } from './ports.ts';
import {
  type AttributeMap,
  anonymousProfile,
  matchedProfile,
  type Profile,
  profileDigest,
} from './profile.ts';
import type { SessionIdentity } from './session-hash.ts';

/** One request's visitor: who they are to us, and what the provider would be sent. */
export interface Visitor {
  readonly session: SessionIdentity;
  readonly consent: Consent;
  readonly verified: boolean;
  readonly profile: Profile;
  readonly profileDigest: string;
  readonly enrichment: Enrichment;
}

export interface ProfileSettings {
  readonly anonymousEmailDomain: string;
  readonly attributeMap: AttributeMap;
}

const enrichmentOf = {
  matched: 'matched',
  not_found: 'not_found',
  not_read: 'no_consent',
  degraded: 'degraded',
} as const;

export const visitorOf = (
  session: SessionIdentity,
  { consent, verified }: VisitorEvidence,
  crm: CrmLookup,
  provider: Pick<GuestProvider, 'guestHasProfile'>,
  { anonymousEmailDomain, attributeMap }: ProfileSettings,
): Visitor => {
  const profile =
    crm.kind === 'matched'
      ? matchedProfile(crm.record)
      : anonymousProfile(session.hashes[0], anonymousEmailDomain);
  return {
    session,
    consent,
    verified,
    profile,
    profileDigest: provider.guestHasProfile ? profileDigest(profile, attributeMap) : '',
    enrichment: enrichmentOf[crm.kind],
  };
};

/**
 * Whether a remembered guest serves this visitor as it is. A changed profile or consent registers again, as does
 * becoming verified; a degraded request, which cannot know the profile, re-uses the session's guest under the
 * same consent.
 */
export const serves = (guest: KnownGuest, visitor: Visitor, provider: string): boolean => {
  if (guest.provider !== provider || guest.verified !== visitor.verified) return false;
  if (visitor.enrichment === 'degraded') return guest.consent.given === visitor.consent.given;
  return (
    consentDigest(guest.consent) === consentDigest(visitor.consent) &&
    guest.profileDigest === visitor.profileDigest
  );
};

/** The visitor, with a refusal that was stated since their request, which states nothing, began. */
export const heeding = (
  visitor: Visitor,
  registration: Registration | undefined,
  provider: Pick<GuestProvider, 'guestHasProfile'>,
  settings: ProfileSettings,
): Visitor => {
  const consent = consentInForce(visitor.consent, registration?.consent);
  if (consent === visitor.consent) return visitor;
  return visitorOf(visitor.session, { ...visitor, consent }, { kind: 'not_read' }, provider, settings);
};
