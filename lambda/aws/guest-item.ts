import type { AttributeValue as Attribute } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as v from 'valibot';
import { type Consent, consentTypes } from '../guest/consent.ts';
import type { KnownGuest, Registration, VisitorEvidence } from '../guest/ports.ts';
import { liveEntry, type RegistryEntry, registrationOf } from '../guest/registration.ts';
import type { SessionHashes } from '../guest/session-hash.ts';

export type Item = Record<string, Attribute>;

/** Names of the attributes that hold the guest. */
export const guestAttributes = [
  'guestId',
  'provider',
  'profileDigest',
  'anonymous',
  'guestConsent',
  'guestVerified',
  'registeredAt',
  'guestExpiresAt',
  'sealedToken',
] as const;

const consentText = /^(true|false):(explicit|implicit)(:silent)?$/;

/** `given:type`, or `given:type:silent` where silence counted as consent. */
const textOfConsent = ({ given, type, stated }: Consent): string =>
  `${given}:${type}${stated ? '' : ':silent'}`;

const writtenConsent = v.pipe(
  v.string(),
  v.regex(consentText),
  v.transform((text): Consent => {
    const [, given, type, silent] = consentText.exec(text) ?? [];
    return {
      given: given === 'true',
      type: type === 'implicit' ? 'implicit' : 'explicit',
      stated: silent === undefined,
    };
  }),
);

const guestSchema = v.pipe(
  v.object({
    guestId: v.string(),
    provider: v.string(),
    profileDigest: v.string(),
    anonymous: v.boolean(),
    guestConsent: writtenConsent,
    guestVerified: v.optional(v.boolean(), false),
    registeredAt: v.number(),
    guestExpiresAt: v.number(),
    sealedToken: v.optional(v.string()),
  }),
  v.transform(
    ({ guestConsent, guestVerified, registeredAt, guestExpiresAt, ...guest }): KnownGuest => ({
      ...guest,
      consent: guestConsent,
      verified: guestVerified,
      registeredAtMs: registeredAt,
      expiresAtMs: guestExpiresAt,
    }),
  ),
);
const queuedSchema = v.pipe(
  v.object({ queuedAt: v.number() }),
  v.transform(({ queuedAt }) => ({ atMs: queuedAt })),
);
const failedSchema = v.pipe(
  v.object({ failedAt: v.number() }),
  v.transform(({ failedAt }) => ({ atMs: failedAt })),
);
const consentSchema = v.pipe(
  v.object({
    consentGiven: v.boolean(),
    consentType: v.picklist(consentTypes),
    consentStated: v.optional(v.boolean(), true),
  }),
  v.transform(
    ({ consentGiven, consentType, consentStated }): Consent => ({
      given: consentGiven,
      type: consentType,
      stated: consentStated,
    }),
  ),
);
const contactSchema = v.pipe(
  v.object({ contactId: v.string(), contactDigest: v.string() }),
  v.transform(({ contactId, contactDigest }) => ({ id: contactId, digest: contactDigest })),
);
const leaseSchema = v.pipe(
  v.object({ leaseOwner: v.string(), leaseUntil: v.number() }),
  v.transform(({ leaseOwner, leaseUntil }) => ({ owner: leaseOwner, untilMs: leaseUntil })),
);

/** An optional part of an item: what is missing or not as we write it counts as absent. */
const part = <Schema extends v.GenericSchema>(schema: Schema, values: unknown) => {
  const parsed = v.safeParse(schema, values);
  return parsed.success ? parsed.output : undefined;
};

const entryFromItem = (item: Readonly<Item>): RegistryEntry => {
  const values = unmarshall(item);
  return {
    version: String(values['version'] ?? ''),
    guest: part(guestSchema, values),
    queued: part(queuedSchema, values),
    failed: part(failedSchema, values),
    lease: part(leaseSchema, values),
    consent: part(consentSchema, values),
    consentAtMs: Date.parse(String(values['consentAt'])) || undefined,
    contact: part(contactSchema, values),
    verified: values['verified'] === true,
  };
};

/** What the items under a session's hashes say at a time: live parts only, `undefined` when there are none. */
export const registrationFromItems = (
  hashes: SessionHashes,
  items: readonly Readonly<Item>[],
  nowMs: number,
): Registration | undefined => {
  const entries = items.flatMap((item) => {
    const hash = item['sessionHash']?.S;
    // DynamoDB removes an item some time after its end.
    const ended = Number(item['expiresAt']?.N ?? Number.POSITIVE_INFINITY) * 1000 <= nowMs;
    const live = ended ? undefined : liveEntry(entryFromItem(item), nowMs);
    return hash === undefined || live === undefined ? [] : [[hash, live] as const];
  });
  return registrationOf(hashes, new Map(entries));
};

/** The attributes that hold a guest. */
export const itemFromGuest = (guest: KnownGuest): Item =>
  marshall(
    {
      guestId: guest.guestId,
      provider: guest.provider,
      profileDigest: guest.profileDigest,
      anonymous: guest.anonymous,
      guestConsent: textOfConsent(guest.consent),
      guestVerified: guest.verified,
      registeredAt: guest.registeredAtMs,
      guestExpiresAt: guest.expiresAtMs,
      sealedToken: guest.sealedToken,
    } satisfies Record<(typeof guestAttributes)[number], unknown>,
    { removeUndefinedValues: true },
  );

/** The evidence of a consent at a time. */
export const itemFromConsent = ({ given, type, stated }: Consent, nowMs: number): Item => ({
  consentGiven: { BOOL: given },
  consentType: { S: type },
  consentStated: { BOOL: stated },
  consentAt: { S: new Date(nowMs).toISOString() },
});

/** The evidence of what a visitor stated at a time, or did not state. */
export const itemFromEvidence = ({ consent, verified }: VisitorEvidence, nowMs: number): Item => ({
  ...itemFromConsent(consent, nowMs),
  verified: { BOOL: verified },
});

/** A time, as the registry keeps it. */
export const milliseconds = (value: number): Attribute => ({ N: String(value) });

/** TTL of an item that is kept until a time at least. */
export const ttl = (untilMs: number): Attribute => ({ N: String(Math.ceil(untilMs / 1000)) });
