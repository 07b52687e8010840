import { isDeepStrictEqual } from 'node:util';
import { BatchGetItemCommand } from '@aws-sdk/client-dynamodb';
import { recordFromItem } from '../../lambda/aws/crm-item.ts';
import { timeOf } from '../customers/updated-at.ts';
import type { Batch } from './batches.ts';
import type { Store } from './put-batch.ts';

/** What an import would change. */
export interface Changes {
  created: number;
  changed: number;
  unchanged: number;
  /** Field → in how many records it would change. */
  readonly fields: Map<string, number>;
}

export const newChanges = (): Changes => ({ created: 0, changed: 0, unchanged: 0, fields: new Map() });

/** Half of the most keys of a BatchGetItem call: a visitor may be looked up under two. */
export const readBatchSize = 50;

const isLater = (before: unknown, after: string | undefined): boolean =>
  typeof before === 'string' && after !== undefined && timeOf(before) > timeOf(after);

/**
 * Compares a batch with the table and writes nothing.
 * @param onKept with `--if-newer`: called for a row that the table's record is newer than
 */
export const compareBatch =
  ({ client, tableName, patience }: Store, changes: Changes, onKept?: () => void) =>
  async (batch: Batch): Promise<void> => {
    const found = new Map<string, Record<string, unknown>>();
    const hashes = batch.flatMap(({ sessionHash, olderHashes = [] }) => [sessionHash, ...olderHashes]);
    const keys = hashes.map((hash) => ({ sessionHash: { S: hash } }));
    await patience.until<object>(keys, async (left) => {
      const { Responses, UnprocessedKeys } = await client.send(
        new BatchGetItemCommand({
          RequestItems: { [tableName]: { Keys: [...left] as typeof keys, ConsistentRead: true } },
        }),
      );
      for (const item of Responses?.[tableName] ?? []) {
        const read = recordFromItem(item);
        found.set(item['sessionHash']?.S ?? '', read.ok ? read.record : {});
      }
      return UnprocessedKeys?.[tableName]?.Keys ?? [];
    });
    for (const { sessionHash, olderHashes = [], record } of batch) {
      const before = found.get(sessionHash);
      const inTable = [sessionHash, ...olderHashes].map((hash) => found.get(hash)?.['updatedAt']);
      if (onKept !== undefined && inTable.some((seen) => isLater(seen, record.updatedAt))) onKept();
      else count(changes, before, record);
    }
  };

const count = (
  changes: Changes,
  before: Record<string, unknown> | undefined,
  after: Record<string, unknown>,
) => {
  if (before === undefined) {
    changes.created += 1;
    return;
  }
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const different = [...names].filter((name) => !isDeepStrictEqual(before[name], after[name]));
  if (different.length === 0) changes.unchanged += 1;
  else changes.changed += 1;
  for (const name of different) changes.fields.set(name, (changes.fields.get(name) ?? 0) + 1);
};
