import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  type DynamoDBClient,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { recordFromItem } from '../../lambda/aws/crm-item.ts';
import { type Item, registrationFromItems } from '../../lambda/aws/guest-item.ts';
import { type CrmRecord, isExpired } from '../../lambda/guest/crm-record.ts';
import type { Registration } from '../../lambda/guest/ports.ts';
import { keyIdOf } from '../../lambda/guest/session-hash.ts';

/** What a table holds under one hash. */
export type FoundRecord =
  | { readonly kind: 'absent' }
  | { readonly kind: 'invalid'; readonly badFields: readonly string[] }
  | { readonly kind: 'expired'; readonly record: CrmRecord }
  | { readonly kind: 'found'; readonly record: CrmRecord };

export interface Tables {
  readonly client: DynamoDBClient;
  readonly crmTableName: string;
  readonly guestTableName: string | undefined;
}

const itemsOf = async (
  { client }: Tables,
  tableName: string,
  hashes: readonly string[],
): Promise<Map<string, Item>> => {
  const items = new Map<string, Item>();
  let left: Item[] | undefined = hashes.map((hash) => ({ sessionHash: { S: hash } }));
  while (left !== undefined && left.length > 0) {
    const command: BatchGetItemCommand = new BatchGetItemCommand({
      RequestItems: { [tableName]: { Keys: left, ConsistentRead: true } },
    });
    const { Responses, UnprocessedKeys }: BatchGetItemCommandOutput = await client.send(command);
    for (const item of Responses?.[tableName] ?? []) items.set(item['sessionHash']?.S ?? '', item);
    left = UnprocessedKeys?.[tableName]?.Keys;
  }
  return items;
};

const classify = (item: Item | undefined, nowMs: number): FoundRecord => {
  if (item === undefined) return { kind: 'absent' };
  const read = recordFromItem(item);
  if (!read.ok) return { kind: 'invalid', badFields: read.badFields };
  return isExpired(read.record, nowMs)
    ? { kind: 'expired', record: read.record }
    : { kind: 'found', record: read.record };
};

/** The CRM records under several hashes, read as the function reads them. */
export const findRecords = async (
  tables: Tables,
  hashes: readonly string[],
  nowMs: number,
): Promise<Map<string, FoundRecord>> => {
  const items = await itemsOf(tables, tables.crmTableName, hashes);
  return new Map(hashes.map((hash) => [hash, classify(items.get(hash), nowMs)]));
};

/** What the registry remembers under several hashes: live parts only. */
export const findRegistrations = async (
  tables: Tables,
  hashes: readonly string[],
  nowMs: number,
): Promise<Registration[]> => {
  if (tables.guestTableName === undefined) return [];
  const items = await itemsOf(tables, tables.guestTableName, hashes);
  return hashes
    .map((hash) => {
      const item = items.get(hash);
      return item && registrationFromItems([hash], [item], nowMs);
    })
    .filter((registration) => registration !== undefined);
};

/** Key ids that a sample of the table's hashes was made under; `plain` for unkeyed ones. */
export const sampledKeyIds = async ({ client, crmTableName }: Tables): Promise<Map<string, number>> => {
  const { Items = [] } = await client.send(
    new ScanCommand({ TableName: crmTableName, Limit: 200, ProjectionExpression: 'sessionHash' }),
  );
  const ids = new Map<string, number>();
  for (const { sessionHash } of Items) {
    const id = keyIdOf(sessionHash?.S ?? '');
    ids.set(id, (ids.get(id) ?? 0) + 1);
  }
  return ids;
};
