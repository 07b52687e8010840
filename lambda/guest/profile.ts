import { createHash } from 'node:crypto';
import type { AttributeValue, CrmRecord } from './crm-record.ts';
import { shortHash } from './session-hash.ts';

/** What is known about a visitor when a guest is registered. */
export type Profile = Omit<CrmRecord, 'updatedAt' | 'expiresAt'> & { readonly anonymous: boolean };

/** The provider's attribute name ← CRM attribute name. */
export type AttributeMap = Readonly<Record<string, string>>;

/** The profile of a visitor the CRM does not know, must not be asked about, or could not be asked about. */
export const anonymousProfile = (sessionHash: string, emailDomain: string): Profile => ({
  email: `visitor_${shortHash(sessionHash)}@${emailDomain}`,
  firstName: 'Guest',
  tier: 'Unknown',
  previousTickets: 0,
  anonymous: true,
});

export const matchedProfile = ({ updatedAt: _, expiresAt: __, ...record }: CrmRecord): Profile => ({
  ...record,
  anonymous: false,
});

const fields = ['email', 'firstName', 'tier', 'previousTickets', 'crmId'] as const;

/** A field of the profile, or an entry of its `attributes` by its plain name; absent is `undefined`. */
export const attributeOf = (profile: Profile, name: string): AttributeValue | undefined => {
  const field = fields.find((candidate) => candidate === name);
  if (field !== undefined) return profile[field];
  const { attributes } = profile;
  return attributes !== undefined && Object.hasOwn(attributes, name) ? attributes[name] : undefined;
};

const pick = (profile: Profile, names: Iterable<readonly [string, string]>): Record<string, AttributeValue> =>
  Object.fromEntries(
    Array.from(names, ([to, from]) => [to, attributeOf(profile, from)] as const).filter(
      (entry): entry is readonly [string, AttributeValue] => entry[1] !== undefined,
    ),
  );

/** The attributes that the provider is sent; absent ones are left out, types are kept. */
export const mappedAttributes = (profile: Profile, map: AttributeMap): Record<string, AttributeValue> =>
  pick(profile, Object.entries(map));

/** The attributes that the response may show to an unauthenticated browser. */
export const exposedAttributes = (
  profile: Profile,
  names: readonly string[],
): Record<string, AttributeValue> =>
  pick(
    profile,
    names.map((name) => [name, name] as const),
  );

/**
 * Digest of what the provider would be sent about a profile: a guest is re-used while it is unchanged.
 * An anonymous profile leaves out its e-mail, which changes with the hash key.
 */
export const profileDigest = (profile: Profile, map: AttributeMap): string => {
  const email = profile.anonymous ? '' : profile.email;
  const attributes = Object.entries(mappedAttributes({ ...profile, email }, map)).sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const content = [email, profile.firstName ?? null, profile.crmId ?? null, attributes];
  return createHash('sha256').update(JSON.stringify(content)).digest('base64url');
};
