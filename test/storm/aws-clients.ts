import { AsyncLocalStorage } from 'node:async_hooks';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { HttpResponse } from '@smithy/core/protocols';
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

const encoder = new TextEncoder();
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

/** The part of the SDK's HTTP client that the storm replaces. */
const handlerOf = (service: AwsRequest['service'], transport: AwsTransport) => ({
  metadata: { handlerProtocol: 'http/1.1' },
  handle: async ({ headers, body }: WireRequest, { abortSignal }: { abortSignal?: AbortSignal } = {}) => {
    const operation = (headers['x-amz-target'] ?? headers['X-Amz-Target'] ?? '').split('.').at(-1) ?? '';
    const text = typeof body === 'string' ? body : decoder.decode(body);
    const response = await transport({ service, operation, input: JSON.parse(text), signal: abortSignal });
    return {
      response: new HttpResponse({
        statusCode: response.status,
        headers: { 'content-type': contentTypes[service] },
        body: encoder.encode(JSON.stringify(response.body)),
      }),
    };
  },
  httpHandlerConfigs: () => ({}),
  updateHttpClientConfig: () => undefined,
});

/** The clock of the container that sends: a client's rule for repeats is shared by all of its views. */
const clocks = new AsyncLocalStorage<Clock>();

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
    await clocks.getStore()?.sleep(50);
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
  // The default one has every input and output prepared for a log that nobody keeps.
  logger: {} as never,
};

interface Sender {
  readonly config: object;
  send(...args: never[]): unknown;
}

/** A view of a client with a container's own connection and time: making a client costs more than a request. */
const viewOf = <C extends Sender>(
  shared: C,
  service: AwsRequest['service'],
  transport: AwsTransport,
  clock: Clock,
): C => {
  const view = Object.create(shared) as C;
  return Object.assign(view, {
    config: { ...shared.config, requestHandler: handlerOf(service, transport) },
    send: (...args: never[]) => clocks.run(clock, () => shared.send.apply(view, args)),
  });
};

/**
 * The SDK's real clients, with their serialisation, errors and repeats, over an in-process transport.
 * Their first call reads files; it is made here, before a world begins.
 */
export const prepareAwsClients = async (): Promise<(transport: AwsTransport, clock: Clock) => AwsClients> => {
  const none: AwsTransport = async ({ service }) => ({
    status: 200,
    body: service === 'sqs' ? { MessageId: 'm', MD5OfMessageBody: '0cc175b9c0f1b6a831c399e269772661' } : {},
  });
  const handler = (service: AwsRequest['service']) => handlerOf(service, none) as never;
  const dynamoDb = new DynamoDBClient({ ...common, requestHandler: handler('dynamodb') });
  const secretsManager = new SecretsManagerClient({ ...common, requestHandler: handler('secrets') });
  const sqs = new SQSClient({ ...common, requestHandler: handler('sqs'), useQueueUrlAsEndpoint: false });
  await dynamoDb.send(new GetItemCommand({ TableName: 'none', Key: { a: { S: 'a' } } }));
  await secretsManager.send(new GetSecretValueCommand({ SecretId: 'none' }));
  await sqs.send(new SendMessageCommand({ QueueUrl: 'https://sqs.example.com/1/none', MessageBody: 'a' }));
  return (transport, clock) => ({
    dynamoDb: viewOf(dynamoDb, 'dynamodb', transport, clock),
    secretsManager: viewOf(secretsManager, 'secrets', transport, clock),
    sqs: viewOf(sqs, 'sqs', transport, clock),
  });
};
