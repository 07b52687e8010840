import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { assumptions } from './assumptions.ts';
import type { Chance } from './chance.ts';
import type { VirtualClock } from './virtual-clock.ts';

interface Message {
  readonly id: string;
  readonly body: string;
  receives: number;
  /** Hidden until then, once it was received. */
  hiddenUntilMs: number;
}

type Worker = (event: SQSEvent, context: { getRemainingTimeInMillis(): number }) => Promise<SQSBatchResponse>;

/** SQS and its event source: oldest first, hidden while it is worked on, back when it was not done. */
export const createOverflowModel = (clock: VirtualClock, chance: Chance) => {
  const { batchSize, timeoutMs, visibilityMs, maxReceiveCount } = assumptions.worker;
  let visible: Message[] = [];
  let head = 0;
  const hidden = new Map<string, Message>();
  const counts = { requests: 0, sent: 0, deadLetters: 0 };
  const idle: (() => void)[] = [];

  const show = (message: Message): void => {
    visible.push(message);
    idle.shift()?.();
  };

  const receive = (): Message[] => {
    const batch = visible.slice(head, head + batchSize);
    head += batch.length;
    if (head > 10_000) {
      visible = visible.slice(head);
      head = 0;
    }
    counts.requests += 1;
    for (const message of batch) {
      message.receives += 1;
      message.hiddenUntilMs = clock.now() + visibilityMs;
      hidden.set(message.id, message);
    }
    return batch;
  };

  const comeBack = (message: Message): void => {
    clock.after(message.hiddenUntilMs - clock.now(), () => {
      hidden.delete(message.id);
      if (message.receives >= maxReceiveCount) counts.deadLetters += 1;
      else show(message);
    });
  };

  const answer = (command: unknown): unknown => {
    if (command instanceof SendMessageCommand) {
      counts.sent += 1;
      const body = command.input.MessageBody ?? '';
      show({ id: `message-${counts.sent}`, body, receives: 0, hiddenUntilMs: 0 });
    }
    if (command instanceof ChangeMessageVisibilityCommand) {
      const message = hidden.get(command.input.ReceiptHandle ?? '');
      const seconds = command.input.VisibilityTimeout ?? 0;
      if (message !== undefined) message.hiddenUntilMs = clock.now() + seconds * 1000;
    }
    if (command instanceof GetQueueAttributesCommand) {
      return {
        Attributes: {
          ApproximateNumberOfMessages: `${visible.length - head}`,
          ApproximateNumberOfMessagesNotVisible: `${hidden.size}`,
        },
      };
    }
    return {};
  };

  const send = async (command: unknown): Promise<unknown> => {
    counts.requests += 1;
    await clock.sleep(chance.aroundMs(assumptions.aws.sqsMs));
    return answer(command);
  };

  const recordOf = ({ id, body, receives }: Message): SQSRecord => ({
    messageId: id,
    receiptHandle: id,
    body,
    attributes: {
      ApproximateReceiveCount: `${receives}`,
      SentTimestamp: '0',
      SenderId: 'init',
      ApproximateFirstReceiveTimestamp: '0',
    },
    messageAttributes: {},
    md5OfBody: '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-central-1:111111111111:overflow',
    awsRegion: 'eu-central-1',
  });

  const serveBatch = async (batch: readonly Message[], worker: Worker): Promise<void> => {
    const endMs = clock.now() + timeoutMs;
    const context = { getRemainingTimeInMillis: () => endMs - clock.now() };
    const { batchItemFailures } = await worker({ Records: batch.map(recordOf) }, context);
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    counts.requests += 1;
    for (const message of batch) {
      if (failed.has(message.id)) comeBack(message);
      else hidden.delete(message.id);
    }
  };

  return {
    client: { send } as unknown as SQSClient,
    counts,
    /** Serves the queue for ever, one batch after the other. */
    poll: async (worker: Worker): Promise<never> => {
      for (;;) {
        if (head === visible.length) await new Promise<void>((resolve) => idle.push(resolve));
        await clock.sleep(chance.aroundMs(assumptions.aws.sqsMs));
        const batch = receive();
        if (batch.length > 0) await serveBatch(batch, worker);
      }
    },
  };
};
