import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { itemFromRecord } from '../../lambda/aws/crm-item.ts';
import {
  type Item,
  itemFromEvidence,
  itemFromGuest,
  milliseconds,
  ttl,
} from '../../lambda/aws/guest-item.ts';
import type { CrmRecord } from '../../lambda/guest/crm-record.ts';

/** Units that a table was charged. */
export interface ConsumedUnits {
  read: number;
  write: number;
}

const valueBytes = ({ S, N, M }: AttributeValue): number => {
  if (S !== undefined) return Buffer.byteLength(S);
  if (N !== undefined) return Math.ceil(N.replace(/\D/g, '').length / 2) + 1;
  if (M !== undefined) return 3 + itemBytes(M) + Object.keys(M).length;
  return 1;
};

/**
 * Size of an item as DynamoDB counts it: names and values.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export const itemBytes = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);

/** One unit for each 4 KiB begun, half of it where the read need not be consistent; also for an absent item. */
export const readUnits = (bytes: number, consistent: boolean): number =>
  Math.max(1, Math.ceil(bytes / 4096)) * (consistent ? 1 : 0.5);

/** One unit for each KiB begun, also for a write that was refused by its condition. */
export const writeUnits = (bytes: number): number => Math.max(1, Math.ceil(bytes / 1024));

const uuid = '8f3a2b1c-4d5e-4f7a-8b9c-0d1e2f3a4b5c';
const hash = 'a'.repeat(64);
const timeMs = 1_778_839_200_000;
const consent = { given: true, type: 'explicit', stated: true } as const;

/** The largest item that the registry can hold of one session: a guest, the evidence, a lease and a queued state. */
export const registryItemBytes = itemBytes({
  sessionHash: { S: hash },
  ...itemFromGuest({
    guestId: uuid,
    provider: 'webchat-v1',
    profileDigest: 'a'.repeat(43),
    anonymous: false,
    consent,
    verified: false,
    registeredAtMs: timeMs,
    expiresAtMs: timeMs,
  }),
  ...itemFromEvidence({ consent, verified: false }, timeMs),
  queuedAt: milliseconds(timeMs),
  leaseOwner: { S: uuid },
  leaseUntil: milliseconds(timeMs),
  version: { S: uuid },
  expiresAt: ttl(timeMs),
});

export const crmItemBytes = (record: CrmRecord): number => itemBytes(itemFromRecord(hash, record));
