import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

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

/** How a client of the AWS SDK is made for a target. */
export interface AwsAccess {
  readonly region?: string;
  readonly profile?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly endpoints: { readonly dynamodb?: string; readonly secretsManager?: string };
}

export interface GenesysAccess {
  readonly provider: string;
  readonly baseUrl: string;
  readonly loginUrl: string | undefined;
  readonly externalSourceId: string | undefined;
}

/** Where a command works: tables, secret and, where it is known, Genesys. */
export interface Target {
  /** As people call it: `environment prod`, or `table x in eu-central-1`. */
  readonly label: string;
  readonly environment: string | undefined;
  readonly isProduction: boolean;
  readonly isLocal: boolean;
  readonly crmTableName: string;
  readonly guestTableName: string | undefined;
  readonly secretId: string | undefined;
  readonly genesys: GenesysAccess | undefined;
  readonly aws: AwsAccess;
}

const access = ({ region, profile, credentials }: AwsAccess, endpoint: string | undefined) => ({
  ...(region !== undefined && { region }),
  ...(profile !== undefined && { profile }),
  ...(credentials !== undefined && { credentials }),
  ...(endpoint !== undefined && { endpoint }),
});

export interface ClientTuning {
  /** 1 where the caller repeats requests itself. */
  readonly maxAttempts?: number;
  readonly maxSockets?: number;
}

export const dynamoDbFor = (
  { aws }: Pick<Target, 'aws'>,
  { maxAttempts = 8, maxSockets = 64 }: ClientTuning = {},
): DynamoDBClient => {
  const client = new DynamoDBClient({
    ...access(aws, aws.endpoints.dynamodb),
    maxAttempts,
    // The SDK's own rate limiter would work against a caller that finds its own pace.
    retryMode: maxAttempts === 1 ? 'standard' : 'adaptive',
    requestHandler: {
      connectionTimeout: 5_000,
      requestTimeout: 30_000,
      httpAgent: { maxSockets, keepAlive: true },
      httpsAgent: { maxSockets, keepAlive: true },
    },
  });
  // It copies every request and answer for a logger that we do not have: a quarter of an import's work.
  client.middlewareStack.remove('loggerMiddleware');
  return client;
};

export const secretsManagerFor = ({ aws }: Pick<Target, 'aws'>): SecretsManagerClient =>
  new SecretsManagerClient({ ...access(aws, aws.endpoints.secretsManager), maxAttempts: 4 });

export const isProductionName = (name: string): boolean =>
  /(?:^|[^a-z])prod(?:uction)?(?:[^a-z]|$)/i.test(name);
