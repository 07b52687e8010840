import { createHmac } from 'node:crypto';
import * as v from 'valibot';
import type { AttributeValue } from '../guest/crm-record.ts';
import { type AttributeMap, mappedAttributes, type Profile } from '../guest/profile.ts';

/** Path of the call that creates or updates a customer's contact. */
export const enrichPath = '/api/v2/externalcontacts/contacts/enrich';

/** What is believed of its answer: the contact has an id. */
export const contactAnswer = v.object({ id: v.pipe(v.string(), v.minLength(1)) });

/** The customer at Genesys: HMAC-SHA-256 (hex) of the CRM's customer id. */
export const externalIdOf = (crmId: string, externalIdKey: Uint8Array): string =>
  createHmac('sha256', externalIdKey).update(crmId, 'utf8').digest('hex');

const emailFields = ['workEmail', 'personalEmail', 'otherEmail'] as const;
/** Plain text fields that every contact has, without a custom schema (`ExternalContact` in Genesys' SDK). */
const textFields = [
  ...emailFields,
  'middleName',
  'lastName',
  'salutation',
  'title',
  'externalSystemUrl',
] as const;

const textsIn = (attributes: Readonly<Record<string, AttributeValue>>): Record<string, string> =>
  Object.fromEntries(
    textFields.flatMap((name) => {
      const value = attributes[name];
      return value === undefined || value === '' ? [] : [[name, String(value)]];
    }),
  );

/**
 * The body of the enrich call. Mapped attributes go where a contact has a text field of that name (`title`,
 * `workEmail`, …); others would need a custom schema of the organisation and are left out. The e-mail address is
 * `otherEmail` unless the map gives it another field: the CRM does not say whether it is a private one.
 */
export const enrichBody = (
  profile: Profile,
  externalId: string,
  externalSourceId: string,
  map: AttributeMap,
) => {
  const externalSource = { id: externalSourceId };
  const texts = textsIn(mappedAttributes(profile, map));
  const hasEmail = emailFields.some((name) => name in texts);
  return {
    matchingIdentifiers: [{ type: 'ExternalId', value: externalId, externalSource }],
    action: 'Upsert',
    contact: {
      ...(profile.firstName?.trim() ? { firstName: profile.firstName } : {}),
      ...(hasEmail ? {} : { otherEmail: profile.email }),
      ...texts,
      externalIds: [{ externalSource, value: externalId }],
    },
    fieldRules: { defaultAction: 'PreferProvided' },
  };
};
