import { readConfig } from '../../lambda/config.ts';
import { enrichBody } from '../../lambda/genesys/contact.ts';
import type { CrmRecord } from '../../lambda/guest/crm-record.ts';
import type { Registration } from '../../lambda/guest/ports.ts';
import {
  type AttributeMap,
  anonymousProfile,
  mappedAttributes,
  matchedProfile,
  type Profile,
  profileDigest,
} from '../../lambda/guest/profile.ts';
import { timeOf } from '../customers/updated-at.ts';
import { duration } from '../terminal/terminal.ts';

/** Values are hidden unless they were asked for. */
export const shownValue = (value: unknown, show: boolean): string =>
  show ? JSON.stringify(value) : typeof value;

/** The last time that a date can be of (ECMA-262, "Time Values and Time Range"). */
const lastDateMs = 8.64e15;

const dateOf = (ms: number): string => (ms > lastDateMs ? 'later than any date' : new Date(ms).toISOString());

/** Fields and attributes of a record with their types, or values. */
export const describeRecord = (record: CrmRecord, show: boolean, nowMs: number): string[] => {
  const { attributes = {}, updatedAt, expiresAt, ...fields } = record;
  return [
    ...Object.entries(fields).map(([name, value]) => `${name}: ${shownValue(value, show)}`),
    ...Object.entries(attributes).map(([name, value]) => `attributes.${name}: ${shownValue(value, show)}`),
    updatedAt === undefined
      ? 'updated: not said'
      : `updated: ${updatedAt} (${duration(nowMs - timeOf(updatedAt))} ago)`,
    expiresAt === undefined ? 'expires: never' : `expires: ${dateOf(expiresAt * 1000)}`,
  ];
};

const ago = (atMs: number, nowMs: number): string => `${duration(Math.max(0, nowMs - atMs))} ago`;

/** What the registry remembers of a session. */
export const describeRegistration = (
  { guest, queued, failed, leasedUntilMs }: Registration,
  expectedDigest: string,
  nowMs: number,
): string[] => [
  ...(guest === undefined
    ? []
    : [
        `guest ${guest.guestId} at ${guest.provider}, registered ${ago(guest.registeredAtMs, nowMs)}, until ${new Date(guest.expiresAtMs).toISOString()}`,
        `${guest.provider === 'web-messaging' ? 'the profile is looked up when the visitor writes' : `registered as ${guest.anonymous ? 'an anonymous visitor' : 'a known customer'}`}, consent ${guest.consent.given ? 'given' : 'not given'} (${guest.consent.type}${guest.consent.stated ? '' : ', not stated'})`,
        `the session is ${guest.verified ? 'verified' : 'not verified'}`,
        guest.provider === 'web-messaging' || guest.profileDigest === expectedDigest
          ? 'the guest is used again'
          : 'the profile has changed since: the next request registers it again',
      ]),
  ...(queued === undefined ? [] : [`waiting in the queue since ${ago(queued.atMs, nowMs)}`]),
  ...(failed === undefined ? [] : [`given up by the queue ${ago(failed.atMs, nowMs)}`]),
  ...(leasedUntilMs === undefined ? [] : ['being registered at this moment']),
];

/** The function's defaults for what is not told here. */
const settings = {
  GENESYS_SECRET_ID: 'unused',
  CRM_TABLE_NAME: 'unused',
  GUEST_TABLE_NAME: 'unused',
  ALLOWED_ORIGINS: '*',
};
const defaults = readConfig(settings);

/** Attribute map of the function: its text as the function is configured, or the default. */
export const attributeMapOf = (text: string | undefined): AttributeMap =>
  readConfig({ ...settings, ATTRIBUTE_MAP: text }).attributeMap;

/** The contact that provider `web-messaging` writes; its ids are of no interest here. */
const contactFields = (profile: Profile, map: AttributeMap): Record<string, unknown> => {
  if (profile.anonymous || profile.crmId === undefined) return {};
  const { externalIds: _, ...fields } = enrichBody(profile, 'unused', 'unused', map).contact;
  return fields;
};

/** The guest that provider `webchat-v1` creates. */
const guestFields = (profile: Profile, map: AttributeMap): Record<string, unknown> => ({
  name: profile.firstName?.trim() ? profile.firstName : 'Anonymous Visitor',
  email: profile.email,
  ...Object.fromEntries(
    Object.entries(mappedAttributes(profile, map)).map(([name, value]) => [`attributes.${name}`, value]),
  ),
});

/** What Genesys would be told about the visitor, with consent. */
export const guestAsSent = (
  record: CrmRecord | undefined,
  sessionHash: string,
  map: AttributeMap,
  provider: string | undefined,
) => {
  const profile =
    record === undefined
      ? anonymousProfile(sessionHash, defaults.anonymousEmailDomain)
      : matchedProfile(record);
  return {
    digest: profileDigest(profile, map),
    anonymous: profile.anonymous,
    fields: provider === 'web-messaging' ? contactFields(profile, map) : guestFields(profile, map),
  };
};
