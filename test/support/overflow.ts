import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { localCredentials, localRegion } from '../../local/embedded-dynamodb.ts';
import { sqsEvent } from '../../local/event-source.ts';
import type { Delivery } from '../../local/queue/queue.ts';
import { type Sqs, startSqs } from '../../local/sqs.ts';
import type { LambdaContainer } from './lambda-container.ts';
import { foreign, uniqueName } from './peers.ts';

const visibilityTimeoutSeconds = 30;

const local = { region: localRegion, credentials: localCredentials } as const;

/** One attempt for each call, so that failures are counted as such. */
export const sqsClient = (endpoint: string): SQSClient =>
  new SQSClient({ ...local, endpoint, maxAttempts: 1 });

/** Where a queue is, and when its messages can be received: only an embedded one tells that, and has a clock to move. */
const startQueue = async (name: string, now: () => number) => {
  if (foreign.sqs === undefined) {
    const sqs = await startSqs({ queues: { [name]: { visibilityTimeoutSeconds } }, now });
    return {
      url: sqs.url,
      queueUrl: sqs.queueUrl(name),
      messages: () => sqs.messages(name),
      setFault: sqs.setFault,
      close: sqs.close,
    };
  }
  const client = sqsClient(foreign.sqs);
  const { QueueUrl: queueUrl = '' } = await client.send(
    new CreateQueueCommand({
      QueueName: name,
      Attributes: { VisibilityTimeout: String(visibilityTimeoutSeconds) },
    }),
  );
  return {
    url: foreign.sqs,
    queueUrl,
    messages: (): ReturnType<Sqs['messages']> => {
      throw new Error('A foreign queue does not say what it holds.');
    },
    setFault: (): void => {
      throw new Error('A foreign queue does not misbehave when it is told to.');
    },
    close: async () => {
      await client.send(new DeleteQueueCommand({ QueueUrl: queueUrl }));
      client.destroy();
    },
  };
};

const deliveryOf = (message: Message): Delivery => ({
  id: message.MessageId ?? '',
  body: message.Body ?? '',
  md5: message.MD5OfBody ?? '',
  attributes: message.MessageAttributes ?? {},
  receiptHandle: message.ReceiptHandle ?? '',
  receiveCount: Number(message.Attributes?.ApproximateReceiveCount),
  sentAtMs: Number(message.Attributes?.SentTimestamp),
  firstReceivedAtMs: Number(message.Attributes?.ApproximateFirstReceiveTimestamp),
});

/** The overflow queue, embedded or foreign, with the deliveries of Lambda's poller in the test's hands. */
export const startOverflow = async ({ now = Date.now }: { readonly now?: () => number } = {}) => {
  const name = uniqueName('overflow');
  const queue = await startQueue(name, now);
  // With the SDK's own repeats: a server may close an idle connection at the moment in which it is used again.
  const client = new SQSClient({ ...local, endpoint: queue.url });
  const QueueUrl = queue.queueUrl;

  /** What is visible; it comes back after these seconds, unless it is deleted. */
  const receive = async (VisibilityTimeout = visibilityTimeoutSeconds): Promise<readonly Delivery[]> => {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }),
    );
    return Messages.map(deliveryOf);
  };
  /** How many messages there are; in flight and delayed ones too. */
  const size = async (): Promise<number> => {
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    const counts = ['', 'NotVisible', 'Delayed'] as const;
    return counts.reduce((sum, kind) => sum + Number(Attributes[`ApproximateNumberOfMessages${kind}`]), 0);
  };
  const eventOf = (deliveries: readonly Delivery[]) =>
    sqsEvent(deliveries, `arn:aws:sqs:us-east-1:000000000000:${name}`);
  /** One round of the poller: what is visible goes to the worker, what it dealt with is deleted. */
  const poll = async (
    worker: Pick<LambdaContainer, 'invoke'>,
  ): Promise<{ readonly received: readonly Delivery[]; readonly failed: readonly string[] }> => {
    const received = await receive();
    if (received.length === 0) return { received, failed: [] };
    const { batchItemFailures } = await worker.invoke<{ batchItemFailures: { itemIdentifier: string }[] }>(
      eventOf(received),
    );
    const failed = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    for (const { id, receiptHandle } of received) {
      if (failed.includes(id)) continue;
      await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: receiptHandle }));
    }
    return { received, failed };
  };
  return {
    url: queue.url,
    queueUrl: queue.queueUrl,
    /** As the stack sets it: where the queue is reached is the SDK's own choice, by AWS_ENDPOINT_URL_SQS. */
    environment: {
      AWS_ENDPOINT_URL_SQS: queue.url,
      OVERFLOW_QUEUE_URL: `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`,
    },
    receive,
    size,
    eventOf,
    /** When the next message can be received, in epoch milliseconds. */
    nextVisibleAtMs: () => Math.min(...queue.messages().map(({ visibleAtMs }) => visibleAtMs)),
    /** What it holds, received or not. */
    messages: queue.messages,
    /** Sends a message; for one that was sent before, as SQS may: at least once is all that it promises. */
    send: async (body: string): Promise<string> =>
      (await client.send(new SendMessageCommand({ QueueUrl, MessageBody: body }))).MessageId ?? '',
    /** Misbehaves from now on; `{}` behaves again. */
    setFault: queue.setFault,
    poll,
    /** Forgets every message. */
    purge: async () => {
      await client.send(new PurgeQueueCommand({ QueueUrl }));
    },
    /** Polls until the queue is empty, for ten seconds at most. */
    drain: async (worker: LambdaContainer): Promise<void> => {
      for (let round = 0; round < 100 && (await size()) > 0; round += 1) {
        await poll(worker);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    close: async () => {
      client.destroy();
      await queue.close();
    },
  };
};
export type Overflow = Awaited<ReturnType<typeof startOverflow>>;
