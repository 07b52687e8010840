import type { AttributeValue as Attribute } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as v from 'valibot';
import { type Consent, consentDigest } from '../guest/consent.ts';
import type { KnownGuest, Registration } from '../guest/ports.ts';
import { liveRegistration, type RegistryEntry } from '../guest/registration.ts';

export type Item = Record<string, Attribute>;

/** Names of the attributes that hold the guest. */
export const guestAttributes = [
  'guestId',
  'provider',
  'profileDigest',
  'anonymous',
  'guestConsent',
  'registeredAt',
  'guestExpiresAt',
  'sealedToken',
] as const;

const digestedConsent = v.pipe(
  v.string(),
  v.regex(/^(?:true|false):(?:explicit|implicit)$/),
  v.transform((digest): Consent => {
    const [given, type] = digest.split(':');
    return { given: given === 'true', type: type === 'implicit' ? 'implicit' : 'explicit' };
  }),
);

const guestSchema = v.pipe(
  v.object({
    guestId: v.string(),
    provider: v.string(),
    profileDigest: v.string(),
    anonymous: v.boolean(),
    guestConsent: digestedConsent,
    registeredAt: v.number(),
    guestExpiresAt: v.number(),
    sealedToken: v.optional(v.string()),
  }),
  v.transform(
    ({ guestConsent, registeredAt, guestExpiresAt, ...guest }): KnownGuest => ({
      ...guest,
      consent: guestConsent,
      registeredAtMs: registeredAt,
      expiresAtMs: guestExpiresAt,
    }),
  ),
);
const queuedSchema = v.pipe(
  v.object({
    queuedAt: v.number(),
    consentGiven: v.boolean(),
    consentType: v.picklist(['explicit', 'implicit']),
  }),
  v.transform(({ queuedAt, consentGiven, consentType }) => ({
    atMs: queuedAt,
    consent: { given: consentGiven, type: consentType },
  })),
);
const failedSchema = v.pipe(
  v.object({ failedAt: v.number() }),
  v.transform(({ failedAt }) => ({ atMs: failedAt })),
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
  };
};

/** What an item of the registry table says at a time: live parts only, `undefined` when there are none. */
export const entryToRegistration = (
  item: Readonly<Item> | undefined,
  nowMs: number,
): Registration | undefined => {
  const sessionHash = item?.['sessionHash']?.S;
  if (item === undefined || sessionHash === undefined) return undefined;
  // DynamoDB removes an item some time after its end.
  if (Number(item['expiresAt']?.N ?? Number.POSITIVE_INFINITY) * 1000 <= nowMs) return undefined;
  return liveRegistration(sessionHash, entryFromItem(item), nowMs);
};

/** The attributes that hold a guest. */
export const itemFromGuest = (guest: KnownGuest): Item =>
  marshall(
    {
      guestId: guest.guestId,
      provider: guest.provider,
      profileDigest: guest.profileDigest,
      anonymous: guest.anonymous,
      guestConsent: consentDigest(guest.consent),
      registeredAt: guest.registeredAtMs,
      guestExpiresAt: guest.expiresAtMs,
      sealedToken: guest.sealedToken,
    } satisfies Record<(typeof guestAttributes)[number], unknown>,
    { removeUndefinedValues: true },
  );

/** The evidence of a consent that was stated at a time. */
export const itemFromConsent = ({ given, type }: Consent, nowMs: number) => ({
  consentGiven: { BOOL: given },
  consentType: { S: type },
  consentAt: { S: new Date(nowMs).toISOString() },
});

/** A time, as the registry keeps it. */
export const milliseconds = (value: number): Attribute => ({ N: String(value) });

/** TTL of an item that is kept until a time at least. */
export const ttl = (untilMs: number): Attribute => ({ N: String(Math.ceil(untilMs / 1000)) });

/** The live entry under the newest hash that has one. */
export const newestRegistration = (
  hashes: readonly string[],
  items: readonly (Readonly<Item> | undefined)[],
  nowMs: number,
): Registration | undefined => {
  const live = items.map((item) => entryToRegistration(item, nowMs));
  return hashes
    .map((hash) => live.find((registration) => registration?.sessionHash === hash))
    .find((registration) => registration !== undefined);
};
