import { createHash, randomUUID } from 'node:crypto';

export interface QueueOptions {
  readonly visibilityTimeoutSeconds?: number;
  /** Where a message goes that was received `maxReceiveCount` times without being deleted. */
  readonly deadLetter?: { readonly queue: string; readonly maxReceiveCount: number };
}

type MessageAttributes = Readonly<Record<string, unknown>>;

interface Message {
  readonly id: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly sentAtMs: number;
  receiveCount: number;
  visibleAtMs: number;
  firstReceivedAtMs: number | undefined;
  receiptHandle: string | undefined;
}

/** A message as it is handed out. */
export interface Delivery {
  readonly id: string;
  readonly body: string;
  readonly md5: string;
  readonly attributes: MessageAttributes;
  readonly receiptHandle: string;
  readonly receiveCount: number;
  readonly sentAtMs: number;
  readonly firstReceivedAtMs: number;
}

export interface Queue {
  readonly name: string;
  readonly arn: string;
  readonly options: Required<Omit<QueueOptions, 'deadLetter'>> & Pick<QueueOptions, 'deadLetter'>;
  send(body: string, delaySeconds?: number, attributes?: MessageAttributes): { id: string; md5: string };
  receive(max: number, visibilityTimeoutSeconds?: number): Delivery[];
  /** False for a receipt handle that is not (any more) in use. */
  delete(receiptHandle: string): boolean;
  changeVisibility(receiptHandle: string, seconds: number): boolean;
  purge(): void;
  counts(): { readonly visible: number; readonly inFlight: number; readonly delayed: number };
  /** What it holds, oldest first. */
  messages(): readonly Readonly<Message>[];
}

const md5 = (text: string): string => createHash('md5').update(text, 'utf8').digest('hex');

/** A standard queue: at least once, roughly in order, with visibility timeouts and a dead-letter queue. */
export const createQueue = (
  name: string,
  { visibilityTimeoutSeconds = 30, deadLetter }: QueueOptions,
  deadLetterQueue: () => Queue | undefined,
  now: () => number = Date.now,
): Queue => {
  let messages: Message[] = [];

  const handle = (message: Message, untilSeconds: number): Delivery => {
    const receiptHandle = randomUUID();
    message.receiveCount += 1;
    message.receiptHandle = receiptHandle;
    message.firstReceivedAtMs ??= now();
    message.visibleAtMs = now() + untilSeconds * 1000;
    const { id, body, attributes, receiveCount, sentAtMs, firstReceivedAtMs } = message;
    return {
      id,
      body,
      md5: md5(body),
      attributes,
      receiptHandle,
      receiveCount,
      sentAtMs,
      firstReceivedAtMs,
    };
  };

  const redrive = (): void => {
    const target = deadLetter === undefined ? undefined : deadLetterQueue();
    if (deadLetter === undefined || target === undefined) return;
    const isSpent = ({ receiveCount, visibleAtMs }: Message): boolean =>
      receiveCount >= deadLetter.maxReceiveCount && visibleAtMs <= now();
    for (const { body, attributes } of messages.filter(isSpent)) target.send(body, 0, attributes);
    messages = messages.filter((message) => !isSpent(message));
  };

  const inUse = (receiptHandle: string): Message | undefined =>
    messages.find((message) => message.receiptHandle === receiptHandle);

  return {
    name,
    arn: `arn:aws:sqs:us-east-1:000000000000:${name}`,
    options: { visibilityTimeoutSeconds, ...(deadLetter === undefined ? {} : { deadLetter }) },
    send: (body, delaySeconds = 0, attributes = {}) => {
      const id = randomUUID();
      messages.push({
        id,
        body,
        attributes,
        sentAtMs: now(),
        receiveCount: 0,
        visibleAtMs: now() + delaySeconds * 1000,
        firstReceivedAtMs: undefined,
        receiptHandle: undefined,
      });
      return { id, md5: md5(body) };
    },
    receive: (max, seconds = visibilityTimeoutSeconds) => {
      redrive();
      return messages
        .filter(({ visibleAtMs }) => visibleAtMs <= now())
        .slice(0, max)
        .map((message) => handle(message, seconds));
    },
    delete: (receiptHandle) => {
      const found = inUse(receiptHandle);
      messages = messages.filter((message) => message !== found);
      return found !== undefined;
    },
    changeVisibility: (receiptHandle, seconds) => {
      const found = inUse(receiptHandle);
      if (found === undefined) return false;
      found.visibleAtMs = now() + seconds * 1000;
      return true;
    },
    purge: () => {
      messages = [];
    },
    counts: () => {
      redrive();
      const visible = messages.filter(({ visibleAtMs }) => visibleAtMs <= now()).length;
      const delayed = messages.filter(
        ({ visibleAtMs, receiveCount }) => visibleAtMs > now() && receiveCount === 0,
      ).length;
      return { visible, delayed, inFlight: messages.length - visible - delayed };
    },
    messages: () => messages,
  };
};
