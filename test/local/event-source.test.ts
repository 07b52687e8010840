import { afterEach, describe, expect, it } from '@jest/globals';
import type { SQSEvent } from 'aws-lambda';
import fc from 'fast-check';
import { type EventSource, startEventSource, succeeded } from '../../local/event-source.ts';
import type { LambdaHandler } from '../../local/lambda-runtime.ts';
import { createQueue, type Queue } from '../../local/queue/queue.ts';

const until = async (condition: () => boolean): Promise<void> => {
  const endsAtMs = performance.now() + 15_000;
  while (!condition()) {
    if (performance.now() > endsAtMs) throw new Error('It did not happen.');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

describe('the event source of a queue', () => {
  let source: EventSource | undefined;
  afterEach(() => source?.close());

  const start = (handler: LambdaHandler) => {
    const errors: unknown[] = [];
    const queue: Queue = createQueue('work', { visibilityTimeoutSeconds: 0.05 }, () => undefined);
    source = startEventSource({
      queue,
      handler,
      functionName: 'drain',
      timeoutMs: 1000,
      onError: (error) => errors.push(error),
    });
    return { queue, errors };
  };

  it('invokes the worker with SQS records and deletes what succeeded', async () => {
    const events: SQSEvent[] = [];
    const { queue } = start((event) => void events.push(event as SQSEvent));
    queue.send('{"a":1}');
    await until(() => events.length > 0 && queue.messages().length === 0);
    expect(events).toEqual([
      {
        Records: [
          {
            messageId: expect.any(String),
            receiptHandle: expect.any(String),
            body: '{"a":1}',
            attributes: {
              ApproximateReceiveCount: '1',
              SentTimestamp: expect.stringMatching(/^\d{13}$/),
              SenderId: expect.any(String),
              ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
            },
            messageAttributes: {},
            md5OfBody: 'bb6cb5c68df4652941caf652a366f2d8',
            eventSource: 'aws:sqs',
            eventSourceARN: queue.arn,
            awsRegion: 'us-east-1',
          },
        ],
      },
    ]);
  });

  it('brings back only what the worker reports as failed', async () => {
    const seen: string[] = [];
    const { queue } = start((event) => {
      const { Records } = event as SQSEvent;
      seen.push(...Records.map(({ body }) => body));
      const failed = Records.filter(
        ({ body, attributes }) => body === 'bad' && attributes.ApproximateReceiveCount === '1',
      );
      return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
    });
    queue.send('good');
    queue.send('bad');
    await until(() => queue.messages().length === 0);
    expect(seen.filter((body) => body === 'good')).toHaveLength(1);
    expect(seen.filter((body) => body === 'bad')).toHaveLength(2);
  });

  it('brings everything back when the worker throws or takes too long', async () => {
    let calls = 0;
    const { queue, errors } = start(() => {
      calls += 1;
      if (calls === 1) throw new Error('broken');
      return calls === 2 ? new Promise(() => undefined) : undefined;
    });
    queue.send('again');
    await until(() => queue.messages().length === 0);
    expect(errors).toEqual([
      expect.objectContaining({ message: 'broken' }),
      expect.objectContaining({ name: 'FunctionTimeoutError' }),
    ]);
  });

  it('never counts a message as done that the worker has named, nor any when the answer makes no sense', () => {
    const queue = createQueue('work', {}, () => undefined);
    for (let index = 0; index < 5; index += 1) queue.send(String(index));
    const deliveries = queue.receive(10);
    const ids = deliveries.map(({ id }) => id);
    fc.assert(
      fc.property(fc.subarray(ids), fc.boolean(), (failed, alien) => {
        const itemIdentifiers = alien ? [...failed, 'alien'] : failed;
        const response = {
          batchItemFailures: itemIdentifiers.map((itemIdentifier) => ({ itemIdentifier })),
        };
        const done = succeeded(deliveries, response).map(({ id }) => id);
        expect(done).toEqual(alien ? [] : ids.filter((id) => !failed.includes(id)));
      }),
    );
    expect(succeeded(deliveries, { batchItemFailures: [{ nothing: 1 }] })).toEqual([]);
    expect(succeeded(deliveries, 'done')).toEqual([]);
  });
});
