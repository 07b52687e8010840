import { setTimeout as sleep } from 'node:timers/promises';
import type { SQSEvent } from 'aws-lambda';
import * as v from 'valibot';
import { type FunctionOptions, invoke, type LambdaHandler } from './lambda-runtime.ts';
import type { Delivery, Queue } from './queue/queue.ts';

export interface EventSourceOptions extends FunctionOptions {
  readonly queue: Queue;
  readonly handler: LambdaHandler;
  /** Told what an invocation threw; its messages come back after their visibility timeout. */
  readonly onError?: (error: unknown) => void;
}

export interface EventSource {
  /** Takes no more messages and waits for the invocation that is under way. */
  close(): Promise<void>;
}

const idleMs = 25;
/** As the stack sets it. */
const batchSize = 10;

const batchResponse = v.nullish(
  v.object({ batchItemFailures: v.nullish(v.array(v.object({ itemIdentifier: v.string() })), []) }),
);

/** The event of a batch as Lambda's SQS poller makes it. */
export const sqsEvent = (deliveries: readonly Delivery[], queueArn: string): SQSEvent => ({
  Records: deliveries.map((delivery) => ({
    messageId: delivery.id,
    receiptHandle: delivery.receiptHandle,
    body: delivery.body,
    attributes: {
      ApproximateReceiveCount: String(delivery.receiveCount),
      SentTimestamp: String(delivery.sentAtMs),
      SenderId: 'local',
      ApproximateFirstReceiveTimestamp: String(delivery.firstReceivedAtMs),
    },
    messageAttributes: {},
    md5OfBody: delivery.md5,
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: 'us-east-1',
  })),
});

/**
 * Which messages a batch has dealt with. An answer that names an unknown message, or is none, fails the whole batch.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export const succeeded = (deliveries: readonly Delivery[], response: unknown): readonly Delivery[] => {
  const parsed = v.safeParse(batchResponse, response);
  if (!parsed.success) return [];
  const failures = new Set(parsed.output?.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
  const known = new Set(deliveries.map(({ id }) => id));
  if ([...failures].some((id) => !known.has(id))) return [];
  return deliveries.filter(({ id }) => !failures.has(id));
};

/** Polls a queue and invokes a worker, one batch at a time, with ReportBatchItemFailures. */
export const startEventSource = ({
  queue,
  handler,
  onError,
  ...options
}: EventSourceOptions): EventSource => {
  const stopped = new AbortController();

  const runBatch = async (deliveries: readonly Delivery[]): Promise<void> => {
    try {
      const response = await invoke(handler, sqsEvent(deliveries, queue.arn), options);
      for (const { receiptHandle } of succeeded(deliveries, response)) queue.delete(receiptHandle);
    } catch (error) {
      onError?.(error);
    }
  };

  const poll = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const deliveries = queue.receive(batchSize);
      if (deliveries.length > 0) await runBatch(deliveries);
      else await sleep(idleMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  };

  const polling = poll();
  return {
    close: () => {
      stopped.abort();
      return polling;
    },
  };
};
