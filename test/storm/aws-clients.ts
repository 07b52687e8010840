import { AsyncLocalStorage } from 'node:async_hooks';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { HttpResponse } from '@smithy/core/protocols';
import { getSchemaSerdePlugin } from '@smithy/core/schema';
import type { Clients } from '../../lambda/clients.ts';
import type { Clock } from '../../lambda/guest/ports.ts';

/** One request to AWS in its JSON protocol: what a socket would carry. */
export interface AwsRequest {
  readonly service: 'dynamodb' | 'sqs' | 'secrets';
  /** Such as PutItem. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal | undefined;
}
export interface AwsResponse {
  readonly status: number;
  readonly body: object;
}
export type AwsTransport = (request: AwsRequest) => Promise<AwsResponse>;

type AwsClients = Omit<Clients, 'transport'>;

const decoder = new TextDecoder();
const contentTypes = {
  dynamodb: 'application/x-amz-json-1.0',
  sqs: 'application/x-amz-json-1.0',
  secrets: 'application/x-amz-json-1.1',
} as const;

interface WireRequest {
  readonly headers: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** Who sends: a container's own connection and time, and the time limit of the call. */
interface Sender {
  readonly transport: AwsTransport;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}
const senders = new AsyncLocalStorage<Sender>();
const nobody: AwsTransport = async ({ service }) => ({
  status: 200,
  body: service === 'sqs' ? { MessageId: 'm', MD5OfMessageBody: '0cc175b9c0f1b6a831c399e269772661' } : {},
});

/** The part of the SDK's HTTP client that the storm replaces. */
const handlerOf = (service: AwsRequest['service']) => ({
  metadata: { handlerProtocol: 'http/1.1' },
  handle: async ({ headers, body }: WireRequest) => {
    const { transport = nobody, signal } = senders.getStore() ?? {};
    const operation = (headers['x-amz-target'] ?? headers['X-Amz-Target'] ?? '').split('.').at(-1) ?? '';
    const text = typeof body === 'string' ? body : decoder.decode(body);
    const response = await transport({ service, operation, input: JSON.parse(text), signal });
    return {
      response: new HttpResponse({
        statusCode: response.status,
        headers: { 'content-type': contentTypes[service] },
        body: Buffer.from(JSON.stringify(response.body)),
      }),
    };
  },
  httpHandlerConfigs: () => ({}),
  updateHttpClientConfig: () => undefined,
});

const tokenOf = (count: number) => ({ getRetryCount: () => count, getRetryDelay: () => 0 });

/** The SDK's own rule for what is repeated, once, on the container's clock instead of the process's. */
const retryStrategy = {
  acquireInitialRetryToken: async () => tokenOf(0),
  refreshRetryTokenForRetry: async (
    token: { getRetryCount(): number },
    { errorType }: { errorType: string },
  ) => {
    const repeats = token.getRetryCount() === 0 && (errorType === 'THROTTLING' || errorType === 'TRANSIENT');
    if (!repeats) throw new Error('not repeated');
    await senders.getStore()?.clock.sleep(50);
    return tokenOf(1);
  },
  recordSuccess: () => undefined,
};

const common = {
  region: 'eu-central-1',
  credentials: { accessKeyId: 'storm', secretAccessKey: 'storm' },
  // Nobody checks a signature in a process, and making one takes a third of a call.
  signer: { sign: async <T>(request: T) => request },
  retryStrategy,
  // The way of a command through the client is found once for all containers.
  cacheMiddleware: true,
  // The default one has every input and output prepared for a log that nobody keeps.
  logger: {} as never,
};

/** Steps of the SDK that add a header or a signature which nobody here reads, or write a log that nobody keeps. */
const unread = [
  'httpAuthSchemeMiddleware',
  'httpSigningMiddleware',
  'getUserAgentMiddleware',
  'hostHeaderMiddleware',
  'recursionDetectionMiddleware',
  'contentLengthMiddleware',
  'loggerMiddleware',
];

/** What the steps of the SDK read from the copies of its settings that they make for each call. */
const readFromCopies = [
  'serviceId',
  'region',
  'endpoint',
  'endpointProvider',
  'isCustomEndpoint',
  'ignoreConfiguredEndpointUrls',
  'serviceConfiguredEndpoint',
  'useDualstackEndpoint',
  'useFipsEndpoint',
];

interface SdkClient {
  config: Record<string, unknown>;
  readonly middlewareStack: { remove(name: string): boolean; use(plugin: unknown): void };
}

/** Takes out of a client's way what costs a third of its calls and changes nothing that a container sees. */
const lighten = (client: SdkClient): void => {
  for (const name of unread) client.middlewareStack.remove(name);
  const copied = readFromCopies.map((name) => [name, client.config[name]]);
  client.config = Object.assign(Object.create(client.config), Object.fromEntries(copied));
  client.middlewareStack.use(getSchemaSerdePlugin(client.config as never));
};

interface Client {
  send(command: never, options?: { readonly abortSignal?: AbortSignal }): unknown;
}

/** A client as one container has it. The clients themselves are shared: making one costs more than a request. */
const viewOf = <C extends Client>(shared: C, transport: AwsTransport, clock: Clock): C =>
  Object.assign(Object.create(shared) as C, {
    send: (command: never, options?: { readonly abortSignal?: AbortSignal }) =>
      senders.run({ transport, clock, signal: options?.abortSignal }, () => shared.send(command)),
  });

/**
 * The SDK's real clients, with their serialisation, errors and repeats, over an in-process transport.
 * Their first call reads files; it is made here, before a world begins.
 */
export const prepareAwsClients = async (): Promise<(transport: AwsTransport, clock: Clock) => AwsClients> => {
  const handler = (service: AwsRequest['service']) => handlerOf(service) as never;
  const dynamoDb = new DynamoDBClient({ ...common, requestHandler: handler('dynamodb') });
  const secretsManager = new SecretsManagerClient({ ...common, requestHandler: handler('secrets') });
  const sqs = new SQSClient({ ...common, requestHandler: handler('sqs'), useQueueUrlAsEndpoint: false });
  for (const client of [dynamoDb, secretsManager, sqs]) lighten(client as unknown as SdkClient);
  await dynamoDb.send(new GetItemCommand({ TableName: 'none', Key: { a: { S: 'a' } } }));
  await secretsManager.send(new GetSecretValueCommand({ SecretId: 'none' }));
  await sqs.send(new SendMessageCommand({ QueueUrl: 'https://sqs.example.com/1/none', MessageBody: 'a' }));
  return (transport, clock) => ({
    dynamoDb: viewOf(dynamoDb, transport, clock),
    secretsManager: viewOf(secretsManager, transport, clock),
    sqs: viewOf(sqs, transport, clock),
  });
};
