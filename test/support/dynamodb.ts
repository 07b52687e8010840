import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../lambda/aws/guest-item.ts';
import { localCredentials, localRegion, startDynamoDb } from '../../local/embedded-dynamodb.ts';

/** An embedded DynamoDB with both tables and a client of the real SDK. */
export interface TestTables {
  readonly url: string;
  readonly client: DynamoDBClient;
  readonly crmTableName: string;
  readonly guestTableName: string;
  item(table: string, key: string): Promise<Item | undefined>;
  put(table: string, item: Item): Promise<void>;
  close(): Promise<void>;
}

/** A client for an endpoint on this machine; one attempt for each call, so that failures are counted as such. */
export const localClient = (endpoint: string): DynamoDBClient =>
  new DynamoDBClient({ endpoint, region: localRegion, credentials: localCredentials, maxAttempts: 1 });

export const startTestTables = async (): Promise<TestTables> => {
  const tables = { crm: 'crm', guests: 'guests' };
  const server = await startDynamoDb({ tables });
  const client = localClient(server.url);
  return {
    url: server.url,
    client,
    crmTableName: tables.crm,
    guestTableName: tables.guests,
    item: async (TableName, key) =>
      (
        await client.send(
          new GetItemCommand({ TableName, Key: { sessionHash: { S: key } }, ConsistentRead: true }),
        )
      ).Item,
    put: async (TableName, Item) => {
      await client.send(new PutItemCommand({ TableName, Item }));
    },
    close: async () => {
      client.destroy();
      await server.close();
    },
  };
};
