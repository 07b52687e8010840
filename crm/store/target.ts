import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type AwsAccess, clientOptions, type GenesysAccess } from '../../infra/stack-outputs.ts';

/** How a command was told where to work. */
export interface TargetOptions {
  readonly env?: string;
  readonly table?: string;
  readonly guestTable?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly endpoint?: string;
  readonly secretId?: string;
}

/** Where a command works: tables, secret and, where it is known, Genesys. */
export interface Target {
  /** As people call it: `environment prod`, or `table x in eu-central-1`. */
  readonly label: string;
  readonly environment: string | undefined;
  readonly isProduction: boolean;
  /** Whether options name a table that is not the environment's own: nobody knows whose it is. */
  readonly foreignTable: boolean;
  readonly isLocal: boolean;
  readonly crmTableName: string;
  readonly guestTableName: string | undefined;
  readonly secretId: string | undefined;
  readonly genesys: GenesysAccess | undefined;
  readonly aws: AwsAccess;
}

export interface ClientTuning {
  /** 1 where the caller repeats requests itself. */
  readonly maxAttempts?: number;
  readonly maxSockets?: number;
  /** Longest that one request may take, in milliseconds. */
  readonly requestTimeoutMs?: number;
}

export const dynamoDbFor = (
  { aws }: Pick<Target, 'aws'>,
  { maxAttempts = 8, maxSockets = 64, requestTimeoutMs }: ClientTuning = {},
): DynamoDBClient => {
  const { requestHandler, ...options } = clientOptions(aws, aws.endpoints.dynamodb);
  const client = new DynamoDBClient({
    ...options,
    maxAttempts,
    // Not "adaptive": its rate limiter would work against a caller that finds its own pace, and keeps others waiting.
    retryMode: 'standard',
    requestHandler: {
      ...requestHandler,
      ...(requestTimeoutMs !== undefined && { requestTimeout: requestTimeoutMs }),
      httpAgent: { maxSockets, keepAlive: true },
      httpsAgent: { maxSockets, keepAlive: true },
    },
  });
  // It copies every request and response for a logger that we do not have: a quarter of an import's work.
  client.middlewareStack.remove('loggerMiddleware');
  return client;
};

export const secretsManagerFor = ({ aws }: Pick<Target, 'aws'>): SecretsManagerClient =>
  new SecretsManagerClient({ ...clientOptions(aws, aws.endpoints.secretsManager), maxAttempts: 4 });

export const isProductionName = (name: string): boolean =>
  /(?:^|[^a-z])prod(?:uction)?(?:[^a-z]|$)/i.test(name);
