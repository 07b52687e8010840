import { BatchWriteItemCommand, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { itemFromRecord } from '../../lambda/aws/crm-item.ts';
import type { Customer } from '../customers/customer.ts';
import { UserError } from '../terminal/problem.ts';
import type { Batch } from './batches.ts';
import type { Patience } from './patience.ts';

export interface Store {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  readonly patience: Patience;
}

/** Most items of a BatchWriteItem call. */
export const writeBatchSize = 25;

/** DynamoDB found fault with an item itself: repeating it is of no use. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ValidationException';

/** Called for a row that DynamoDB itself refuses. */
export type OnRefused = (customer: Customer) => void;

/** Sends the rows of a batch that was refused as a whole one by one: only those at fault are lost. */
const putSingly = async ({ client, tableName, patience }: Store, batch: Batch, onRefused: OnRefused) => {
  const refused: Customer[] = [];
  for (const customer of batch) {
    const Item = itemFromRecord(customer.sessionHash, customer.record);
    await patience.until([customer], async () => {
      try {
        await client.send(new PutItemCommand({ TableName: tableName, Item }));
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refused.push(customer);
      }
      return [];
    });
  }
  if (batch.length > 1 && refused.length === batch.length) {
    throw new UserError(
      `The table refuses every row: is ${tableName} the CRM table, with the key sessionHash (a string)?`,
    );
  }
  for (const customer of refused) onRefused(customer);
};

/** Sends a batch with BatchWriteItem; what the table leaves unprocessed is sent again. */
export const putBatch =
  (store: Store, onRefused: OnRefused) =>
  async (batch: Batch): Promise<void> => {
    const { client, tableName, patience } = store;
    const requests = batch.map(({ sessionHash, record }) => ({
      PutRequest: { Item: itemFromRecord(sessionHash, record) },
    }));
    try {
      await patience.until<object>(requests, async (left) => {
        const { UnprocessedItems } = await client.send(
          new BatchWriteItemCommand({ RequestItems: { [tableName]: [...left] } }),
        );
        return UnprocessedItems?.[tableName] ?? [];
      });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await putSingly(store, batch, onRefused);
    }
  };
