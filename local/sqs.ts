import { AwsError, type AwsFault, awsJsonService } from './aws-json.ts';
import type { CallListener } from './call-listener.ts';
import { listen, type RunningServer } from './http-server.ts';
import { queueOperations } from './queue/operations.ts';
import { createQueue, type Queue, type QueueOptions } from './queue/queue.ts';

export interface SqsOptions {
  readonly port?: number;
  /** Queue name → its options; a dead-letter queue is one of these names. */
  readonly queues: Readonly<Record<string, QueueOptions>>;
  readonly now?: () => number;
  readonly onCall?: CallListener;
}

export interface Sqs extends RunningServer {
  queueUrl(name: string): string;
  /** The queue itself, for the event source and for tests. */
  queue(name: string): Queue;
  /** What a queue holds, oldest first; in flight and delayed ones too. */
  messages(name: string): ReturnType<Queue['messages']>;
  /** Misbehaves from now on; `{}` behaves again. */
  setFault(fault: AwsFault): void;
}

/** SQS for one machine: standard queues for the real SDK client. */
export const startSqs = async ({ port, queues, now, onCall }: SqsOptions): Promise<Sqs> => {
  const byName = new Map<string, Queue>();
  for (const [name, options] of Object.entries(queues)) {
    byName.set(
      name,
      createQueue(name, options, () => byName.get(options.deadLetter?.queue ?? ''), now),
    );
  }
  const find = (name: string): Queue => {
    const queue = byName.get(name);
    if (queue === undefined) {
      throw new AwsError('AWS.SimpleQueueService.NonExistentQueue', 'The specified queue does not exist.');
    }
    return queue;
  };
  let fault: AwsFault = {};

  const running = await listen(
    awsJsonService({
      service: 'sqs',
      version: '1.0',
      fault: () => fault,
      onCall,
      operations: {
        ...queueOperations((queueUrl) => find(String(queueUrl).replace(/^.*\//, ''))),
        GetQueueUrl: ({ QueueName }) => ({ QueueUrl: queueUrl(find(String(QueueName)).name) }),
      },
    }),
    port,
  );
  const queueUrl = (name: string): string => `${running.url}/000000000000/${name}`;
  return {
    ...running,
    queueUrl,
    queue: find,
    messages: (name) => find(name).messages(),
    setFault: (next) => {
      fault = next;
    },
  };
};
