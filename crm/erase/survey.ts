import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { recordFromItem } from '../../lambda/aws/crm-item.ts';
import { matchedProfile, type Profile } from '../../lambda/guest/profile.ts';
import { keyIdOf, type SessionHashKey } from '../../lambda/guest/session-hash.ts';
import { scanTable } from '../store/scan.ts';

export interface EraseTables {
  readonly client: DynamoDBClient;
  readonly crmTableName: string;
  readonly guestTableName: string;
}

/** What the CRM table says, read as a whole: it has no index by customer. */
export interface Survey {
  /** Hashes by customer, of those that were asked for. */
  readonly byCustomer: ReadonlyMap<string, readonly string[]>;
  /** Records under keys that are not in use: who they are of, nobody can compute. */
  readonly retired: ReadonlyMap<string, number>;
  readonly complete: boolean;
}

/** @param limit most records that are read */
export const surveyTable = async (
  { client, crmTableName }: EraseTables,
  crmIds: ReadonlySet<string>,
  keys: readonly SessionHashKey[] | undefined,
  limit?: number,
): Promise<Survey> => {
  const byCustomer = new Map<string, string[]>();
  const retired = new Map<string, number>();
  const inUse = new Set(['plain', ...(keys ?? []).map(({ id }) => id)]);
  const complete = await scanTable({
    client,
    tableName: crmTableName,
    attributes: ['sessionHash', 'crmId'],
    consistent: true,
    ...(limit !== undefined && { limit }),
    onPage: (items) => {
      for (const { sessionHash: { S: hash = '' } = {}, crmId } of items as readonly {
        sessionHash?: { S?: string };
        crmId?: { S?: string };
      }[]) {
        const keyId = keyIdOf(hash);
        if (keys !== undefined && !inUse.has(keyId)) retired.set(keyId, (retired.get(keyId) ?? 0) + 1);
        if (crmId?.S === undefined || !crmIds.has(crmId.S)) continue;
        const hashes = byCustomer.get(crmId.S) ?? [];
        hashes.push(hash);
        byCustomer.set(crmId.S, hashes);
      }
    },
  });
  return { byCustomer, retired, complete };
};

/** A record as it stands: what the registry remembers of it, and whose it is. */
export interface RecordTraits {
  readonly exists: boolean;
  readonly crmId: string | undefined;
  /** Digests of this profile that a registry entry may carry; none where the record breaks the schema. */
  readonly digests: readonly string[];
}

export const readTraits = async (
  { client, crmTableName }: EraseTables,
  hash: string,
  digestsOf: (profile: Profile) => readonly string[],
): Promise<RecordTraits> => {
  const { Item } = await client.send(
    new GetItemCommand({ TableName: crmTableName, Key: { sessionHash: { S: hash } }, ConsistentRead: true }),
  );
  if (Item === undefined) return { exists: false, crmId: undefined, digests: [] };
  const read = recordFromItem(Item);
  return {
    exists: true,
    crmId: Item['crmId']?.S,
    digests: read.ok ? digestsOf(matchedProfile(read.record)) : [],
  };
};

/**
 * Registry entries by the profile they were registered with, or that the customer's contact was told. While a hash key is rotated, a visitor's record may lie
 * under the older key and the registration under the newer one: only the profile connects them.
 */
export const entriesByDigest = async (
  { client, guestTableName }: EraseTables,
  digests: ReadonlySet<string>,
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const found = new Map<string, string[]>();
  if (digests.size === 0) return found;
  await scanTable({
    client,
    tableName: guestTableName,
    attributes: ['sessionHash', 'profileDigest', 'contactDigest'],
    consistent: true,
    onPage: (items) => {
      for (const { sessionHash, profileDigest, contactDigest } of items) {
        for (const digest of [profileDigest?.S, contactDigest?.S]) {
          if (digest === undefined || sessionHash?.S === undefined || !digests.has(digest)) continue;
          found.set(digest, [...(found.get(digest) ?? []), sessionHash.S]);
        }
      }
    },
  });
  return found;
};
