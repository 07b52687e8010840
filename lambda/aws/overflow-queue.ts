import {
  ChangeMessageVisibilityCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { StoreUnavailableError } from '../guest/errors.ts';
import type { Clock, Deadline, OverflowQueue, Telemetry } from '../guest/ports.ts';
import { formatQueuedRegistration } from '../guest/queued-registration.ts';
import { abortable } from '../time/abortable.ts';
import type { AwsEvent } from './events.ts';
import { failureReason } from './failure-reason.ts';

export interface OverflowQueueOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry<AwsEvent>;
  /** How many registrations a second the worker gets served now. */
  readonly drainPerSecond: () => number;
  /** Longest wait for one call. */
  readonly timeoutMs?: number;
}

export interface SqsOverflowQueue extends OverflowQueue {
  /** Delivers a message again after that many seconds. @throws StoreUnavailableError */
  changeVisibility(receiptHandle: string, seconds: number, deadline: Deadline): Promise<void>;
}

/** Depth of the queue is asked for at most this often. */
const depthKeptMs = 2000;
const shortestWaitSeconds = 1;
const longestWaitSeconds = 3600;
/** Where the depth is unknown. */
const usualWaitSeconds = 3;
/** Longest that SQS can hide a message. */
const longestInvisibleSeconds = 43_200;

/** Registrations that wait for Genesys, in SQS. */
export const createOverflowQueue = ({
  client,
  queueUrl: QueueUrl,
  clock,
  telemetry,
  drainPerSecond,
  timeoutMs = 2000,
}: OverflowQueueOptions): SqsOverflowQueue => {
  let depth: { readonly atMs: number; readonly messages: number | undefined } | undefined;

  const call = async <T>(
    operation: string,
    deadline: Deadline,
    send: (abortSignal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const { signal, clear } = clock.timeout(timeoutMs, deadline.signal);
    try {
      return await abortable(send(signal), signal);
    } catch (error) {
      const reason = failureReason(signal.aborted ? signal.reason : error);
      telemetry.record('queue_call_failed', { operation, reason });
      throw new StoreUnavailableError(`${operation}: failed`, { cause: error });
    } finally {
      clear();
    }
  };

  const readDepth = async (deadline: Deadline): Promise<number | undefined> => {
    const command = new GetQueueAttributesCommand({
      QueueUrl,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    });
    try {
      const { Attributes = {} } = await call(
        'depth',
        deadline,
        async (abortSignal) => await client.send(command, { abortSignal }),
      );
      const messages =
        Number(Attributes['ApproximateNumberOfMessages']) +
        Number(Attributes['ApproximateNumberOfMessagesNotVisible']);
      return Number.isNaN(messages) ? undefined : messages;
    } catch {
      return undefined;
    }
  };

  return {
    send: async (registration, deadline) => {
      const MessageBody = formatQueuedRegistration(registration);
      await call(
        'send',
        deadline,
        async (abortSignal) =>
          await client.send(new SendMessageCommand({ QueueUrl, MessageBody }), { abortSignal }),
      );
    },

    expectedWaitSeconds: async (deadline) => {
      if (depth === undefined || clock.now() - depth.atMs >= depthKeptMs) {
        depth = { atMs: clock.now(), messages: await readDepth(deadline) };
      }
      if (depth.messages === undefined) return usualWaitSeconds;
      const seconds = depth.messages === 0 ? 0 : Math.ceil(depth.messages / Math.max(0, drainPerSecond()));
      return Math.min(longestWaitSeconds, Math.max(shortestWaitSeconds, seconds));
    },

    changeVisibility: async (ReceiptHandle, seconds, deadline) => {
      const VisibilityTimeout = Math.min(longestInvisibleSeconds, Math.max(0, Math.ceil(seconds)));
      const command = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout });
      await call(
        'changeVisibility',
        deadline,
        async (abortSignal) => await client.send(command, { abortSignal }),
      );
    },
  };
};
