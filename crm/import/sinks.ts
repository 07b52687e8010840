import {
  type AttributeValue,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { itemFromRecord } from '../../lambda/aws/crm-item.ts';
import type { Customer } from '../customers/customer.ts';
import type { Batch } from './batches.ts';
import type { Patience } from './patience.ts';

export interface Store {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly patience: Patience;
}

/** Most items of a BatchWriteItem call. */
export const writeBatchSize = 25;

/** Sends a batch with BatchWriteItem; what the table leaves unprocessed is sent again. */
export const putBatch =
  ({ client, tableName, patience }: Store) =>
  async (batch: Batch): Promise<void> => {
    const requests = batch.map(({ sessionHash, record }) => ({
      PutRequest: { Item: itemFromRecord(sessionHash, record) },
    }));
    await patience.until<object>(requests, async (left) => {
      const { UnprocessedItems } = await client.send(
        new BatchWriteItemCommand({ RequestItems: { [tableName]: [...left] } }),
      );
      return UnprocessedItems?.[tableName] ?? [];
    });
  };

/** Milliseconds of an ISO date; without a zone it is UTC, whatever this machine's zone is. */
export const timeOf = (updatedAt: string): number =>
  Date.parse(/T[\d:.]+$/.test(updatedAt) ? `${updatedAt}Z` : updatedAt);

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

/**
 * Writes each row of a batch unless the table's record has a later `updatedAt`.
 * @param onKept called for a row that was not written
 */
export const putIfNewer =
  ({ client, tableName, patience }: Store, onKept: (customer: Customer) => void) =>
  async (batch: Batch): Promise<void> => {
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

    /** False when the table's record changed meanwhile. */
    const compareAndPut = async (customer: Customer, updatedAt: string): Promise<boolean> => {
      const Key = { sessionHash: { S: customer.sessionHash } };
      const { Item } = await client.send(
        new GetItemCommand({
          TableName: tableName,
          Key,
          ConsistentRead: true,
          ProjectionExpression: 'updatedAt',
        }),
      );
      const seen = Item?.['updatedAt'];
      if (seen?.S !== undefined && timeOf(seen.S) > timeOf(updatedAt)) {
        onKept(customer);
        return true;
      }
      return await put(customer, unchangedSince(seen));
    };

    const putOne = async (customer: Customer): Promise<boolean> => {
      const { updatedAt } = customer.record;
      if (updatedAt === undefined) throw new Error('A row without updatedAt was not rejected.');
      return (await put(customer, newerByText(updatedAt))) || (await compareAndPut(customer, updatedAt));
    };

    await Promise.all(
      batch.map((customer) =>
        patience.until([customer], async () => ((await putOne(customer)) ? [] : [customer])),
      ),
    );
  };
