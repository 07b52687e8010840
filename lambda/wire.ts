import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createCredentials } from './aws/credentials.ts';
import { createGuestRegistry } from './aws/guest-registry.ts';
import { createMemoryRegistry } from './aws/memory-registry.ts';
import { createOverflowQueue } from './aws/overflow-queue.ts';
import { createReferenceBindings } from './aws/reference-bindings.ts';
import { createTokenVault } from './aws/token-vault.ts';
import { createVisitorTables } from './aws/visitor-tables.ts';
import type { Clients } from './clients.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { createResolveHandler } from './data-action/resolve-handler.ts';
import { type Connection, connect } from './genesys/connect.ts';
import { createContacts } from './genesys/contact.ts';
import { createCreationGate } from './genesys/creation-gate.ts';
import { createGuestReferences } from './genesys/guest-reference.ts';
import { createWebMessaging } from './genesys/web-messaging.ts';
import { createWebchatV1, webchatScope } from './genesys/webchat-v1.ts';
import { startDeadline } from './guest/deadline.ts';
import { createDrainRegistration } from './guest/drain-registration.ts';
import { createInitialiseGuest } from './guest/initialise-guest.ts';
import type { Clock, GuestProvider } from './guest/ports.ts';
import { parseQueuedRegistration } from './guest/queued-registration.ts';
import { createResolveVisitor } from './guest/resolve-visitor.ts';
import { createInitHandler } from './http/handler.ts';
import { createDrainBatch } from './sqs/drain-batch.ts';
import { createObservability, type Observability } from './telemetry/observability.ts';
import { systemClock } from './time/system-clock.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a container is made of; the simulation and the tests bring clients and time of their own. */
export interface Parts {
  readonly config: Config;
  readonly observability: Observability;
  readonly clients: Clients;
  readonly clock: Clock;
  /** Whether the first visitor waits for this start, which provisioned concurrency spares them. */
  readonly startsCold?: boolean | undefined;
  readonly random?: (() => number) | undefined;
}

/** A lease covers one creation and its way into the registry: a dead holder blocks nobody longer. */
const leaseReserveMs = 2000;
/** How much more patient the shared token is than the visitor's look-up: giving up costs Genesys a call for each container. */
const vaultPatienceMs = 1000;
/** Of the overflow queue, how much unverified sessions may fill where sessions can be verified. */
const unverifiedShare = 0.5;
/** Longest that a cold start is held up by what can be fetched ahead. */
const warmUpMs = 2000;

/**
 * The configuration and its logger, or a log line that names every fault before the start fails.
 * @throws ConfigError
 */
export const configure = (
  environment: Environment,
): Pick<Parts, 'config' | 'observability' | 'clock' | 'startsCold'> => {
  try {
    const config = readConfig(environment);
    const version = environment['AWS_LAMBDA_FUNCTION_VERSION'];
    // https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    const startsCold = environment['AWS_LAMBDA_INITIALIZATION_TYPE'] !== 'provisioned-concurrency';
    return { config, observability: createObservability(config, version), clock: systemClock, startsCold };
  } catch (error) {
    if (error instanceof ConfigError) {
      const settings = { environment: 'unknown', provider: 'webchat-v1', logLevel: 'ERROR' } as const;
      const { telemetry } = createObservability(settings);
      telemetry.record('invalid_configuration', { faults: error.message });
    }
    throw error;
  }
};

/** What the functions share: the secret, the tables, the connection to Genesys, the provider. */
const wireShared = ({ config, observability, clients, clock, random }: Parts) => {
  const { telemetry } = observability;
  const { dynamoDb: client } = clients;
  const { genesysTimeoutMs, guestTtlSeconds, crmTimeoutMs: timeoutMs, guestTableName } = config;
  const leaseMs = genesysTimeoutMs + leaseReserveMs;
  const table = { client, tableName: guestTableName, leaseMs, clock, telemetry };

  const credentials = createCredentials({
    client: clients.secretsManager,
    secretId: config.genesysSecretId,
    clock,
    telemetry,
  });
  const registry = createGuestRegistry({ ...table, timeoutMs, guestTtlSeconds });
  const store = createTokenVault({ ...table, timeoutMs: timeoutMs + vaultPatienceMs });
  const connection = connect({
    transport: clients.transport,
    clock,
    telemetry,
    random,
    loginUrl: config.genesysLoginUrl,
    timeoutMs: genesysTimeoutMs,
    credentials,
    store,
    ...(config.webMessaging === undefined ? { style: 'body', scope: webchatScope } : { style: 'basic' }),
  });
  const { webMessaging, attributeMap, integrationSource } = config;
  const provider: GuestProvider =
    webMessaging === undefined
      ? createWebchatV1({
          call: connection.call,
          clock,
          baseUrl: config.genesysBaseUrl,
          timeoutMs: genesysTimeoutMs,
          attributeMap,
          integrationSource,
          showsVerification: config.sessionVerification !== 'off',
          gate: createCreationGate({
            clock,
            telemetry,
            quota: connection.quota,
            queueing: config.overflowQueueUrl !== undefined,
            limitsUnverified: config.sessionVerification !== 'off',
          }),
        })
      : createWebMessaging({ ...webMessaging, clock, telemetry, credentials, guestTtlSeconds });
  const tables = createVisitorTables({
    client,
    crmTableName: config.crmTableName,
    guestTableName,
    timeoutMs,
    clock,
    telemetry,
  });
  const queue =
    config.overflowQueueUrl === undefined
      ? undefined
      : createOverflowQueue({
          client: clients.sqs,
          queueUrl: config.overflowQueueUrl,
          clock,
          telemetry,
          drainPerSecond: () => connection.quota.callsPerSecond(),
        });
  const unverifiedQueueShare = config.sessionVerification === 'off' ? 1 : unverifiedShare;
  const settings = { ...config, unverifiedQueueShare };
  const registration = { provider, clock, telemetry, settings, registry, tables };
  return { credentials, connection, registration, queue, leaseMs, table };
};

/** Secret and connections before the first visitor comes: what fails is tried again with their request. */
const warmUp = async ({ clock }: Parts, { oauth }: Connection): Promise<void> => {
  const deadline = startDeadline(clock, warmUpMs);
  await oauth.warmUp(deadline).catch(() => undefined);
  deadline.clear();
};

/** The API function, warmed up. */
export const wireInit = async (parts: Parts) => {
  const { config, observability, clock } = parts;
  const { telemetry, invocation } = observability;
  const { credentials, connection, registration, queue, leaseMs } = wireShared(parts);
  const { guestTtlSeconds } = config;

  const initialise = createInitialiseGuest({
    ...registration,
    queue,
    memory: createMemoryRegistry({ clock, leaseMs, guestTtlSeconds }),
    hashKeys: async (deadline) => (await credentials.current(deadline)).sessionHashKeys,
  });
  const handler = createInitHandler({
    initialise,
    signingKeys: {
      current: async (deadline) => (await credentials.current(deadline)).sessionSigningKeys,
      refreshed: async (deadline) => (await credentials.refreshForForgery(deadline))?.sessionSigningKeys,
    },
    startsCold: parts.startsCold,
    invocation,
    clock,
    telemetry,
    settings: config,
  });
  await warmUp(parts, connection);
  return handler;
};

/** The overflow worker: an SQS batch of queued registrations. */
export const wireDrain = (parts: Parts) => {
  const { config, observability, clock } = parts;
  const { registration, queue, leaseMs } = wireShared(parts);
  const batch = createDrainBatch({
    drain: createDrainRegistration(registration),
    parse: parseQueuedRegistration,
    changeVisibility: async (receiptHandle, seconds, deadline) =>
      await queue?.changeVisibility(receiptHandle, seconds, deadline),
    clock,
    telemetry: observability.telemetry,
    reserveMs: leaseMs,
    maxAgeMs: config.overflowMaxAgeSeconds * 1000,
  });
  return async (event: SQSEvent, context?: Context): Promise<SQSBatchResponse> =>
    await observability.invocation(context?.awsRequestId, async () => await batch(event, context));
};

/** The agent's view, warmed up. A guest of provider `webchat-v1` carries its attributes itself: nobody is found. */
export const wireResolve = async (parts: Parts) => {
  const { config, observability, clock } = parts;
  const { telemetry, invocation } = observability;
  const { credentials, connection, registration, table } = wireShared(parts);
  const { webMessaging, genesysBaseUrl: baseUrl, attributeMap, crmTimeoutMs: timeoutMs } = config;
  const { call } = connection;
  const resolve =
    webMessaging === undefined
      ? async () => ({ found: false })
      : createResolveVisitor({
          ...registration,
          references: createGuestReferences(credentials),
          bindings: createReferenceBindings({ ...table, timeoutMs }),
          contacts: createContacts({ ...webMessaging, call, telemetry, baseUrl, attributeMap, credentials }),
        });
  const handler = createResolveHandler({
    resolve,
    invocation,
    clock,
    telemetry,
    settings: config,
  });
  await warmUp(parts, connection);
  return handler;
};
