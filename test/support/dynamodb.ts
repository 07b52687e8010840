import {
  DeleteTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import type { Item } from '../../lambda/aws/guest-item.ts';
import { createTables, localCredentials, localRegion, startDynamoDb } from '../../local/embedded-dynamodb.ts';
import { foreign, uniqueName } from './peers.ts';

/** A DynamoDB with both tables, embedded or foreign, and a client of the real SDK. */
export interface TestTables {
  readonly url: string;
  readonly client: DynamoDBClient;
  readonly crmTableName: string;
  readonly guestTableName: string;
  item(table: string, key: string): Promise<Item | undefined>;
  put(table: string, item: Item): Promise<void>;
  close(): Promise<void>;
}

const local = { region: localRegion, credentials: localCredentials } as const;

/** A client for an endpoint on this machine; one attempt for each call, so that failures are counted as such. */
export const localClient = (endpoint: string): DynamoDBClient =>
  new DynamoDBClient({ ...local, endpoint, maxAttempts: 1 });

/** Makes the tables at a DynamoDB of another make; closing removes them. */
const borrowTables = async (url: string, names: readonly string[]) => {
  await createTables(url, names);
  const client = localClient(url);
  for (const TableName of names) {
    await waitUntilTableExists({ client, minDelay: 1, maxWaitTime: 10 }, { TableName });
  }
  return {
    url,
    close: async () => {
      for (const TableName of names) await client.send(new DeleteTableCommand({ TableName }));
      client.destroy();
    },
  };
};

export const startTestTables = async (): Promise<TestTables> => {
  const tables = { crm: uniqueName('crm'), guests: uniqueName('guests') };
  const server =
    foreign.dynamoDb === undefined
      ? await startDynamoDb({ tables })
      : await borrowTables(foreign.dynamoDb, [tables.crm, tables.guests]);
  // With the SDK's own repeats: a server may close an idle connection at the moment in which it is used again.
  const client = new DynamoDBClient({ ...local, endpoint: server.url });
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
