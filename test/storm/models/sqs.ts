import { createHash } from 'node:crypto';
import type { Chance } from '../kernel/chance.ts';

export interface Message {
  readonly id: string;
  readonly body: string;
  readonly sentAtMs: number;
  visibleAtMs: number;
  receives: number;
  receipt: string;
}

export interface QueueOptions {
  readonly visibilityMs: number;
  readonly maxReceives: number;
}

/** A standard queue: at least once, in no order, invisible for a while after each delivery, then dead letters. */
export const createSqs = (now: () => number, chance: Chance, { visibilityMs, maxReceives }: QueueOptions) => {
  let messages: Message[] = [];
  const dead: Message[] = [];
  const returned = new Set<string>();
  let sent = 0;
  let receipts = 0;

  const put = (body: string): string => {
    sent += 1;
    const id = `message-${sent}`;
    messages.push({ id, body, sentAtMs: now(), visibleAtMs: now(), receives: 0, receipt: '' });
    return id;
  };

  return {
    dead,
    waiting: (): readonly Message[] => messages,

    call: (operation: string, input: Readonly<Record<string, unknown>>): object => {
      switch (operation) {
        case 'SendMessage': {
          const body = String(input['MessageBody']);
          return { MessageId: put(body), MD5OfMessageBody: createHash('md5').update(body).digest('hex') };
        }
        case 'GetQueueAttributes': {
          const visible = messages.filter(({ visibleAtMs }) => visibleAtMs <= now()).length;
          return {
            Attributes: {
              ApproximateNumberOfMessages: `${visible}`,
              ApproximateNumberOfMessagesNotVisible: `${messages.length - visible}`,
            },
          };
        }
        case 'ChangeMessageVisibility': {
          const message = messages.find(({ receipt }) => receipt === input['ReceiptHandle']);
          if (message !== undefined) message.visibleAtMs = now() + Number(input['VisibilityTimeout']) * 1000;
          return {};
        }
        default:
          throw new TypeError(`the model knows no ${operation}`);
      }
    },

    /** Takes up to so many visible messages, in any order; now and then one stays visible and comes twice. */
    receive: (most: number): Message[] => {
      receipts += 1;
      const batch: Message[] = [];
      const visible = messages
        .filter(({ visibleAtMs }) => visibleAtMs <= now())
        .sort((a, b) => chance.of(`order ${a.id} ${receipts}`) - chance.of(`order ${b.id} ${receipts}`));
      for (const message of visible.slice(0, most)) {
        message.receives += 1;
        if (message.receives > maxReceives) {
          messages = messages.filter((other) => other !== message);
          dead.push(message);
          continue;
        }
        message.receipt = `receipt-${receipts}-${message.id}`;
        const twice = chance.of(`twice ${message.id} ${message.receives}`) < 0.03;
        message.visibleAtMs = now() + (twice ? 50 : visibilityMs);
        batch.push({ ...message });
      }
      return batch;
    },

    /**
     * Deletes a message; an old receipt still counts, as at AWS mostly. Now and then a copy comes back, minutes later.
     * @see https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/standard-queues-at-least-once-delivery.html
     */
    remove: (id: string): void => {
      const message = messages.find((one) => one.id === id);
      if (message !== undefined && chance.of(`comes back ${id}`) < 0.1 && !returned.has(id)) {
        returned.add(id);
        message.visibleAtMs = now() + 60_000 + chance.below(`returns ${id}`, 300_000);
        return;
      }
      messages = messages.filter((message) => message.id !== id);
    },
  };
};
export type Sqs = ReturnType<typeof createSqs>;
