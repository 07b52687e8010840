import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { demoItems } from './demo-visitors.ts';
import { localCredentials, localRegion } from './embedded-dynamodb.ts';

/** Writes the demonstration customers; one that is there already (a kept data folder) stays as it is. */
export const seedDemoVisitors = async (endpoint: string, tableName: string): Promise<void> => {
  const client = new DynamoDBClient({ endpoint, region: localRegion, credentials: localCredentials });
  try {
    await Promise.all(
      demoItems().map((Item) =>
        client
          .send(
            new PutItemCommand({
              TableName: tableName,
              Item,
              ConditionExpression: 'attribute_not_exists(sessionHash)',
            }),
          )
          .catch((error: unknown) => {
            if (!(error instanceof ConditionalCheckFailedException)) throw error;
          }),
      ),
    );
  } finally {
    client.destroy();
  }
};
