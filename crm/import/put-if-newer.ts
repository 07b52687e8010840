import {
  type AttributeValue,
  ConditionalCheckFailedException,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { itemFromRecord } from '../../lambda/aws/crm-item.ts';
import type { Customer } from '../customers/customer.ts';
import { timeOf } from '../customers/updated-at.ts';
import type { Batch } from './batches.ts';
import { isRefusal, type OnRefused, type Store } from './put-batch.ts';

/** Where both times are UTC and of one length, the order of the texts is the order of the times. */
const isNewerByText = {
  ConditionExpression:
    'attribute_not_exists(updatedAt) OR (contains(updatedAt, :utc) AND size(updatedAt) = :length AND updatedAt <= :updatedAt)',
};

const newerByText = (updatedAt: string): Partial<PutItemCommandInput> =>
  updatedAt.endsWith('Z')
    ? {
        ...isNewerByText,
        ExpressionAttributeValues: {
          ':utc': { S: 'Z' },
          ':length': { N: String(updatedAt.length) },
          ':updatedAt': { S: updatedAt },
        },
      }
    : { ConditionExpression: 'attribute_not_exists(updatedAt)' };

const unchangedSince = (seen: AttributeValue | undefined): Partial<PutItemCommandInput> =>
  seen === undefined
    ? { ConditionExpression: 'attribute_not_exists(updatedAt)' }
    : { ConditionExpression: 'updatedAt = :seen', ExpressionAttributeValues: { ':seen': seen } };

const readUpdatedAt = async ({ client, tableName }: Store, sessionHash: string) => {
  const { Item } = await client.send(
    new GetItemCommand({
      TableName: tableName,
      Key: { sessionHash: { S: sessionHash } },
      ConsistentRead: true,
      ProjectionExpression: 'updatedAt',
    }),
  );
  return Item?.['updatedAt'];
};

const isLater = (seen: AttributeValue | undefined, updatedAt: string): boolean =>
  seen?.S !== undefined && timeOf(seen.S) > timeOf(updatedAt);

/**
 * Writes each row of a batch unless the table has a record of the visitor with a later `updatedAt`, be it under an
 * older hash key: the row's would be found first and hide it.
 * @param onKept called for a row that was not written
 */
export const putIfNewer =
  (store: Store, onKept: (customer: Customer) => void, onRefused: OnRefused) =>
  async (batch: Batch): Promise<void> => {
    const { client, tableName, patience } = store;
    const put = async (customer: Customer, condition: Partial<PutItemCommandInput>): Promise<boolean> => {
      const Item = itemFromRecord(customer.sessionHash, customer.record);
      try {
        await client.send(new PutItemCommand({ TableName: tableName, Item, ...condition }));
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    };

    const isOlderThanTable = async (hashes: readonly string[], updatedAt: string): Promise<boolean> => {
      const seen = await Promise.all(hashes.map((hash) => readUpdatedAt(store, hash)));
      return seen.some((one) => isLater(one, updatedAt));
    };

    /** False when the table's record changed meanwhile. */
    const compareAndPut = async (customer: Customer, updatedAt: string): Promise<boolean> => {
      const seen = await readUpdatedAt(store, customer.sessionHash);
      if (!isLater(seen, updatedAt)) return await put(customer, unchangedSince(seen));
      onKept(customer);
      return true;
    };

    const putOne = async (customer: Customer): Promise<boolean> => {
      const { updatedAt } = customer.record;
      if (updatedAt === undefined) throw new Error('A row without updatedAt was not rejected.');
      if (await isOlderThanTable(customer.olderHashes ?? [], updatedAt)) {
        onKept(customer);
        return true;
      }
      return (await put(customer, newerByText(updatedAt))) || (await compareAndPut(customer, updatedAt));
    };

    await Promise.all(
      batch.map((customer) =>
        patience.until([customer], async () => {
          try {
            return (await putOne(customer)) ? [] : [customer];
          } catch (error) {
            if (!isRefusal(error)) throw error;
            onRefused(customer);
            return [];
          }
        }),
      ),
    );
  };
