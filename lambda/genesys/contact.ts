import { createHash, createHmac } from 'node:crypto';
import * as v from 'valibot';
import type { AttributeValue } from '../guest/crm-record.ts';
import { GuestError } from '../guest/errors.ts';
import type { Contacts, Telemetry } from '../guest/ports.ts';
import { type AttributeMap, mappedAttributes, type Profile } from '../guest/profile.ts';
import type { Call, RetryPlan } from './call-policy.ts';
import type { GenesysEvent } from './events.ts';
import type { ClientCredentials, CredentialSource } from './oauth-request.ts';
import { pathId } from './upstream-text.ts';

/** Path of the call that creates or updates a customer's contact. */
export const enrichPath = '/api/v2/externalcontacts/contacts/enrich';

/** What is believed of its response: the contact has an id. */
export const contactResponse = v.object({ id: pathId });

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

export interface ContactsOptions {
  readonly call: Call;
  readonly telemetry: Telemetry<GenesysEvent>;
  readonly baseUrl: string;
  readonly externalSourceId: string;
  readonly attributeMap: AttributeMap;
  readonly credentials: CredentialSource<
    ClientCredentials & { readonly externalIdKey?: Uint8Array | undefined }
  >;
}

const plan: RetryPlan = {
  endpoint: 'contact',
  limitBaseMs: 1000,
  repeat: 'always',
  followedBy: 0,
  waitsForLimits: false,
};
/** Path of a contact. */
export const contactsPath = '/api/v2/externalcontacts/contacts';

/** Customers' contacts in External Contacts; whatever fails there costs the contact, never more. */
export const createContacts = (options: ContactsOptions): Contacts => {
  const { call, telemetry, baseUrl, externalSourceId, attributeMap, credentials } = options;

  const failed = (reason: string): undefined => {
    telemetry.record('contact_degraded', { reason });
    return undefined;
  };
  const reasonOf = (error: unknown): string =>
    error instanceof GuestError ? error.code : error instanceof Error ? error.name : 'error';

  return {
    digest: (profile) =>
      createHash('sha256')
        .update(JSON.stringify(enrichBody(profile, profile.crmId ?? '', externalSourceId, attributeMap)))
        .digest('base64url'),

    upsert: async (profile, deadline) => {
      try {
        const { externalIdKey } = await credentials.current(deadline);
        if (profile.crmId === undefined) return undefined;
        if (externalIdKey === undefined) {
          telemetry.record('external_id_key_missing');
          return undefined;
        }
        const externalId = externalIdOf(profile.crmId, externalIdKey);
        const outcome = await call(
          {
            plan,
            method: 'POST',
            url: `${baseUrl}${enrichPath}`,
            body: { json: enrichBody(profile, externalId, externalSourceId, attributeMap) },
            schema: contactResponse,
          },
          deadline,
        );
        if (outcome.kind !== 'ok') return failed(outcome.kind);
        telemetry.record('contact_enriched');
        return outcome.value.id;
      } catch (error) {
        return failed(reasonOf(error));
      }
    },

    remove: async (contactId, deadline) => {
      try {
        const url = `${baseUrl}${contactsPath}/${encodeURIComponent(contactId)}`;
        const outcome = await call(
          { plan, method: 'DELETE', url, body: { json: {} }, schema: v.unknown(), expected: [404] },
          deadline,
        );
        const isGone = outcome.kind === 'ok' || (outcome.kind === 'refused' && outcome.status === 404);
        if (isGone) telemetry.record('contact_removed');
        else failed(outcome.kind);
      } catch (error) {
        failed(reasonOf(error));
      }
    },
  };
};
