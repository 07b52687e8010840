import type { Enrichment } from '../contract.ts';
import { type Consent, consentDigest } from './consent.ts';
import type { CrmLookup, KnownGuest } from './ports.ts';
import {
  type AttributeMap,
  anonymousProfile,
  matchedProfile,
  type Profile,
  profileDigest,
} from './profile.ts';
import type { SessionHashes } from './session-hash.ts';

/** One request's visitor: who they are to us, and what Genesys would be told. */
export interface Visitor {
  readonly hashes: SessionHashes;
  readonly consent: Consent;
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
  hashes: SessionHashes,
  consent: Consent,
  crm: CrmLookup,
  { anonymousEmailDomain, attributeMap }: ProfileSettings,
): Visitor => {
  const profile =
    crm.kind === 'matched' ? matchedProfile(crm.record) : anonymousProfile(hashes[0], anonymousEmailDomain);
  return {
    hashes,
    consent,
    profile,
    profileDigest: profileDigest(profile, attributeMap),
    enrichment: enrichmentOf[crm.kind],
  };
};

/**
 * Whether a remembered guest serves this visitor as it is. A changed profile or consent registers anew;
 * a degraded request, which cannot know the profile, re-uses the session's guest under the same consent.
 */
export const serves = (guest: KnownGuest, visitor: Visitor, provider: string): boolean => {
  if (guest.provider !== provider) return false;
  if (visitor.enrichment === 'degraded') return guest.consent.given === visitor.consent.given;
  return (
    consentDigest(guest.consent) === consentDigest(visitor.consent) &&
    guest.profileDigest === visitor.profileDigest
  );
};
