import { sqsEvent } from '../../local/event-source.ts';
import type { Delivery } from '../../local/queue/queue.ts';
import { startSqs } from '../../local/sqs.ts';
import type { LambdaContainer } from './lambda-container.ts';

const arn = 'arn:aws:sqs:us-east-1:000000000000:overflow';
/** As the stack sets it: where the queue is reached is the SDK's own choice, by AWS_ENDPOINT_URL_SQS. */
const queueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/overflow';

/** The overflow queue, with the deliveries of Lambda's poller in the test's hands. */
export const startOverflow = async ({ now = Date.now }: { readonly now?: () => number } = {}) => {
  const sqs = await startSqs({ queues: { overflow: { visibilityTimeoutSeconds: 30 } }, now });
  const queue = sqs.queue('overflow');
  /** One round of the poller: what is visible goes to the worker, what it dealt with is deleted. */
  const poll = async (
    worker: LambdaContainer,
  ): Promise<{ readonly received: readonly Delivery[]; readonly failed: readonly string[] }> => {
    const received = queue.receive(10);
    if (received.length === 0) return { received, failed: [] };
    const { batchItemFailures } = await worker.invoke<{ batchItemFailures: { itemIdentifier: string }[] }>(
      sqsEvent(received, arn),
    );
    const failed = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    for (const { id, receiptHandle } of received) if (!failed.includes(id)) queue.delete(receiptHandle);
    return { received, failed };
  };
  return {
    environment: { AWS_ENDPOINT_URL_SQS: sqs.url, OVERFLOW_QUEUE_URL: queueUrl },
    messages: () => sqs.messages('overflow'),
    /** When the next message can be received, in epoch milliseconds. */
    nextVisibleAtMs: () => Math.min(...sqs.messages('overflow').map(({ visibleAtMs }) => visibleAtMs)),
    /** Sends a message again, as SQS may: at least once is all that it promises. */
    sendAgain: (body: string) => queue.send(body),
    /** What is visible goes to somebody who does nothing with it: it comes back after these seconds. */
    hide: (seconds: number) => queue.receive(10, seconds),
    poll,
    /** Forgets every message. */
    purge: () => queue.purge(),
    /** Polls until the queue is empty, for ten seconds at most. */
    drain: async (worker: LambdaContainer): Promise<void> => {
      for (let round = 0; round < 100 && sqs.messages('overflow').length > 0; round += 1) {
        await poll(worker);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    close: async () => await sqs.close(),
  };
};
export type Overflow = Awaited<ReturnType<typeof startOverflow>>;
