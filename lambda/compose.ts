import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { createCredentials } from './aws/credentials.ts';
import { createGuestRegistry } from './aws/guest-registry.ts';
import { createOverflowQueue } from './aws/overflow-queue.ts';
import { createTablePulse } from './aws/table-pulse.ts';
import { createTokenVault } from './aws/token-vault.ts';
import { createVisitorTables } from './aws/visitor-tables.ts';
import { type Config, ConfigError, readConfig, regionDomain } from './config.ts';
import { createApiClient } from './genesys/api-client.ts';
import { createAxiosTransport } from './genesys/axios-transport.ts';
import { createBreaker } from './genesys/breaker.ts';
import { createCreationGate } from './genesys/creation-gate.ts';
import { createOAuthToken } from './genesys/oauth-token.ts';
import { createQuota } from './genesys/quota.ts';
import { createWebMessaging } from './genesys/web-messaging.ts';
import { createWebchatV1, webchatScope } from './genesys/webchat-v1.ts';
import { startDeadline } from './guest/deadline.ts';
import type { GuestProvider } from './guest/ports.ts';
import { systemClock as clock } from './system-clock.ts';
import { createObservability, type Observability } from './telemetry/observability.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A lease covers one creation and its way into the registry: a dead holder blocks nobody longer. */
export const leaseReserveMs = 2000;
/** Longest that a cold start is held up by what can be fetched ahead. */
const warmUpMs = 2000;
/** One repeat by the SDK; the time limit of each call is ours. */
const maxAttempts = 2;

/** The configuration, or a log line that names every fault before the start fails. */
export const configure = (environment: Environment): { config: Config; observability: Observability } => {
  try {
    const config = readConfig(environment);
    return { config, observability: createObservability(config, environment['AWS_LAMBDA_FUNCTION_VERSION']) };
  } catch (error) {
    if (error instanceof ConfigError) {
      createObservability({
        environment: 'unknown',
        provider: 'webchat-v1',
        logLevel: 'ERROR',
      }).telemetry.record('invalid_configuration', { faults: error.message });
    }
    throw error;
  }
};

/**
 * What both functions share, made once for each container: clients, the OAuth token, the provider.
 * It lives in module scope of the entry, so that it survives warm invocations.
 */
export const compose = (config: Config, { telemetry }: Observability) => {
  const { genesysTimeoutMs, guestTtlSeconds, crmTimeoutMs: timeoutMs } = config;
  const leaseMs = genesysTimeoutMs + leaseReserveMs;
  const dynamoDb = new DynamoDBClient({ maxAttempts });
  const credentials = createCredentials({
    client: new SecretsManagerClient({ maxAttempts }),
    secretId: config.genesysSecretId,
    clock,
    telemetry,
  });

  const pulse = createTablePulse(clock, timeoutMs);

  const quota = createQuota({ clock, telemetry });
  const client = createApiClient({
    transport: createAxiosTransport(),
    timeoutMs: genesysTimeoutMs,
    clock,
    telemetry,
    breaker: createBreaker({ clock, telemetry }),
    quota,
  });
  const vault = createTokenVault({
    client: dynamoDb,
    tableName: config.guestTableName,
    // More patient than the visitor's look-up: giving up here costs Genesys a call for each container.
    timeoutMs: 3 * timeoutMs,
    leaseMs,
    clock,
    telemetry,
    key: () => oauth.key(),
    wanted: () => oauth.wanted(),
    pulse,
  });
  const webMessaging = config.webMessaging;
  const oauth = createOAuthToken({
    client,
    loginUrl: config.genesysLoginUrl,
    credentials,
    store: vault,
    clock,
    telemetry,
    ...(webMessaging === undefined ? { style: 'body', scope: webchatScope } : { style: 'basic' }),
  });

  const common = { client, oauth, clock, telemetry, baseUrl: config.genesysBaseUrl };
  const { attributeMap } = config;
  const provider: GuestProvider =
    webMessaging === undefined
      ? createWebchatV1({
          ...common,
          attributeMap,
          integrationSource: config.integrationSource,
          gate: createCreationGate({
            clock,
            telemetry,
            quota,
            queueing: config.overflowQueueUrl !== undefined,
          }),
        })
      : createWebMessaging({
          ...common,
          ...webMessaging,
          attributeMap,
          domain: regionDomain(config.genesysBaseUrl),
          credentials,
          guestTtlSeconds,
        });

  const registration = {
    provider,
    clock,
    telemetry,
    genesysTimeoutMs,
    guestTtlSeconds,
    settings: config,
    registry: createGuestRegistry({
      client: dynamoDb,
      tableName: config.guestTableName,
      timeoutMs,
      leaseMs,
      guestTtlSeconds,
      clock,
      telemetry,
      pulse,
    }),
    tables: createVisitorTables({
      client: dynamoDb,
      crmTableName: config.crmTableName,
      guestTableName: config.guestTableName,
      timeoutMs,
      clock,
      telemetry,
      companion: vault.companion,
    }),
  };
  const queue =
    config.overflowQueueUrl === undefined
      ? undefined
      : createOverflowQueue({
          // The endpoint is the SDK's own choice (AWS_ENDPOINT_URL_SQS, region), not the host in the queue's URL.
          client: new SQSClient({ maxAttempts, useQueueUrlAsEndpoint: false }),
          queueUrl: config.overflowQueueUrl,
          clock,
          telemetry,
          drainPerSecond: () => quota.callsPerSecond(),
        });
  /** Secret and connections before the first visitor comes: what fails is tried again with their request. */
  const warmUp = async (): Promise<void> => {
    const deadline = startDeadline(clock, warmUpMs);
    try {
      oauth.learn(await credentials.current(deadline));
      const key = oauth.key();
      if (key !== undefined) await vault.read(key, deadline);
    } catch {
      // Recorded where it failed.
    } finally {
      deadline.clear();
    }
  };
  return { credentials, oauth, registration, queue, leaseMs, warmUp };
};
