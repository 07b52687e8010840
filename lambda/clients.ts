import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { createAxiosTransport } from './genesys/axios-transport.ts';
import type { Transport } from './genesys/transport.ts';

/** What costs at start, and what the simulation and the tools replace. */
export interface Clients {
  readonly dynamoDb: DynamoDBClient;
  readonly secretsManager: SecretsManagerClient;
  readonly sqs: SQSClient;
  readonly transport: Transport;
}

/** One repeat by the SDK; the time limit of each call is ours. */
const maxAttempts = 2;

/** The clients of one container; endpoints, region and credentials are the SDK's own variables' choice. */
export const createClients = (): Clients => ({
  dynamoDb: new DynamoDBClient({ maxAttempts }),
  secretsManager: new SecretsManagerClient({ maxAttempts }),
  // The endpoint is the SDK's own choice (AWS_ENDPOINT_URL_SQS, region), not the host in the queue's URL.
  sqs: new SQSClient({ maxAttempts, useQueueUrlAsEndpoint: false }),
  transport: createAxiosTransport(),
});
