import { setTimeout as sleep } from 'node:timers/promises';
import * as v from 'valibot';
import { AwsError, type AwsOperations } from '../aws-json.ts';
import type { Delivery, Queue } from './queue.ts';

const seconds = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(max));
const longestVisibilitySeconds = 12 * 60 * 60;
const batch = <E extends v.GenericSchema>(entry: E) =>
  v.object({ QueueUrl: v.string(), Entries: v.array(entry) });
const body = v.pipe(v.string(), v.minLength(1), v.maxBytes(1024 * 1024));
const sendEntries = {
  MessageBody: body,
  DelaySeconds: v.optional(seconds(900)),
  MessageAttributes: v.optional(v.record(v.string(), v.unknown())),
};
const entryId = { Id: v.pipe(v.string(), v.regex(/^[\w-]{1,80}$/)) };
const pollMs = 20;

const parse = <S extends v.GenericSchema>(schema: S, input: unknown): v.InferOutput<S> => {
  const parsed = v.safeParse(schema, input);
  if (parsed.success) return parsed.output;
  const field = v.getDotPath(parsed.issues[0]) ?? 'request';
  throw new AwsError('InvalidParameterValue', `Value of ${field} is invalid.`);
};

const checkEntries = (entries: readonly { readonly Id: string }[]): void => {
  if (entries.length === 0) throw new AwsError('AWS.SimpleQueueService.EmptyBatchRequest', 'No entries.');
  if (entries.length > 10) {
    throw new AwsError('AWS.SimpleQueueService.TooManyEntriesInBatchRequest', 'At most 10 entries.');
  }
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    throw new AwsError('AWS.SimpleQueueService.BatchEntryIdsNotDistinct', 'Ids repeat.');
  }
};

const shown = (delivery: Delivery) => ({
  MessageId: delivery.id,
  ReceiptHandle: delivery.receiptHandle,
  MD5OfBody: delivery.md5,
  Body: delivery.body,
  Attributes: {
    SenderId: 'local',
    SentTimestamp: String(delivery.sentAtMs),
    ApproximateReceiveCount: String(delivery.receiveCount),
    ApproximateFirstReceiveTimestamp: String(delivery.firstReceivedAtMs),
  },
  ...(Object.keys(delivery.attributes).length > 0 ? { MessageAttributes: delivery.attributes } : {}),
});

const attributesOf = (queue: Queue): Record<string, string> => {
  const { visible, inFlight, delayed } = queue.counts();
  const { visibilityTimeoutSeconds, deadLetter } = queue.options;
  return {
    QueueArn: queue.arn,
    VisibilityTimeout: String(visibilityTimeoutSeconds),
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    ...(deadLetter === undefined ? {} : { RedrivePolicy: JSON.stringify(deadLetter) }),
  };
};

/** Runs one entry of a batch; a fault of the entry is reported beside the successes. */
const each = <E extends { readonly Id: string }>(entries: readonly E[], run: (entry: E) => object) => {
  checkEntries(entries);
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({ Id: entry.Id, SenderFault: true, Code: error.code, Message: error.message });
    }
  }
  return { Successful, Failed };
};

const changeVisibility = (queue: Queue, receiptHandle: string, visibilitySeconds: number): object => {
  if (!queue.changeVisibility(receiptHandle, visibilitySeconds)) {
    throw new AwsError('ReceiptHandleIsInvalid', 'The receipt handle is not in use.', 404);
  }
  return {};
};

/** The operations of SQS on queues found by their URL. */
export const queueOperations = (find: (queueUrl: unknown) => Queue): AwsOperations => ({
  SendMessage: (input) => {
    const { MessageBody, DelaySeconds, MessageAttributes } = parse(v.object(sendEntries), input);
    const { id, md5 } = find(input['QueueUrl']).send(MessageBody, DelaySeconds, MessageAttributes);
    return { MessageId: id, MD5OfMessageBody: md5 };
  },
  SendMessageBatch: (input) => {
    const { Entries } = parse(batch(v.object({ ...entryId, ...sendEntries })), input);
    const queue = find(input['QueueUrl']);
    return each(Entries, ({ MessageBody, DelaySeconds, MessageAttributes }) => {
      const { id, md5 } = queue.send(MessageBody, DelaySeconds, MessageAttributes);
      return { MessageId: id, MD5OfMessageBody: md5 };
    });
  },
  ReceiveMessage: async (input, signal) => {
    const queue = find(input['QueueUrl']);
    const options = parse(
      v.object({
        MaxNumberOfMessages: v.optional(v.pipe(v.number(), v.minValue(1), v.maxValue(10)), 1),
        VisibilityTimeout: v.optional(seconds(longestVisibilitySeconds)),
        WaitTimeSeconds: v.optional(seconds(20), 0),
      }),
      input,
    );
    const endsAtMs = Date.now() + options.WaitTimeSeconds * 1000;
    for (;;) {
      const deliveries = queue.receive(options.MaxNumberOfMessages, options.VisibilityTimeout);
      if (deliveries.length > 0) return { Messages: deliveries.map(shown) };
      if (Date.now() >= endsAtMs) return {};
      await sleep(pollMs, undefined, { signal });
    }
  },
  DeleteMessage: (input) => {
    const { ReceiptHandle } = parse(v.object({ ReceiptHandle: v.string() }), input);
    // As in SQS: deleting what is gone already succeeds.
    find(input['QueueUrl']).delete(ReceiptHandle);
  },
  DeleteMessageBatch: (input) => {
    const { Entries } = parse(batch(v.object({ ...entryId, ReceiptHandle: v.string() })), input);
    const queue = find(input['QueueUrl']);
    return each(Entries, ({ ReceiptHandle }) => {
      queue.delete(ReceiptHandle);
      return {};
    });
  },
  ChangeMessageVisibility: (input) => {
    const { ReceiptHandle, VisibilityTimeout } = parse(
      v.object({ ReceiptHandle: v.string(), VisibilityTimeout: seconds(longestVisibilitySeconds) }),
      input,
    );
    changeVisibility(find(input['QueueUrl']), ReceiptHandle, VisibilityTimeout);
  },
  ChangeMessageVisibilityBatch: (input) => {
    const entry = {
      ...entryId,
      ReceiptHandle: v.string(),
      VisibilityTimeout: seconds(longestVisibilitySeconds),
    };
    const { Entries } = parse(batch(v.object(entry)), input);
    const queue = find(input['QueueUrl']);
    return each(Entries, ({ ReceiptHandle, VisibilityTimeout }) =>
      changeVisibility(queue, ReceiptHandle, VisibilityTimeout),
    );
  },
  GetQueueAttributes: (input) => {
    const { AttributeNames } = parse(
      v.object({ AttributeNames: v.optional(v.array(v.string()), []) }),
      input,
    );
    const all = attributesOf(find(input['QueueUrl']));
    if (AttributeNames.includes('All')) return { Attributes: all };
    return {
      Attributes: Object.fromEntries(Object.entries(all).filter(([name]) => AttributeNames.includes(name))),
    };
  },
  PurgeQueue: (input) => find(input['QueueUrl']).purge(),
});
