import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sqsEvent } from '../../local/event-source.ts';
import { type Sqs, startSqs } from '../../local/sqs.ts';
import type { LambdaContainer } from '../support/lambda-container.ts';
import { type Answer, metricsIn, post, type Stack, startStack } from '../support/stack.ts';

const jane = { email: 'jane.doe@example.com', firstName: 'Jane', tier: 'Enterprise', previousTickets: 12 };

let stack: Stack;
let sqs: Sqs;
let init: LambdaContainer;
let drain: LambdaContainer;

beforeEach(async () => {
  stack = await startStack();
  sqs = await startSqs({ queues: { overflow: { visibilityTimeoutSeconds: 30 } } });
  // The machine that runs the tests may be slower than DynamoDB ever is.
  const patient = { CRM_TIMEOUT_MS: '5000' };
  const queue = { ...patient, AWS_ENDPOINT_URL_SQS: sqs.url, OVERFLOW_QUEUE_URL: queueUrl };
  [init, drain] = await Promise.all([
    stack.container({ ...queue, INIT_BUDGET_MS: '3000' }),
    stack.container(queue, 'drain'),
  ]);
});
afterEach(async () => {
  await stack.stop();
  await sqs.close();
});

/** As the stack sets it: where the queue is reached is the SDK's own choice, by AWS_ENDPOINT_URL_SQS. */
const queueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/overflow';

/** One round of Lambda's poller: a batch in, what it dealt with deleted. */
const poll = async (worker = drain): Promise<readonly string[]> => {
  const queue = sqs.queue('overflow');
  const deliveries = queue.receive(10);
  if (deliveries.length === 0) return [];
  const { batchItemFailures } = await worker.invoke<{ batchItemFailures: { itemIdentifier: string }[] }>(
    sqsEvent(deliveries, 'arn:aws:sqs:us-east-1:000000000000:overflow'),
  );
  const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  for (const { id, receiptHandle } of deliveries) {
    if (!failed.has(id)) queue.delete(receiptHandle);
  }
  return [...failed];
};

describe('While Genesys limits for longer than the budget', () => {
  it('nobody gets an error, all are served after it, and no guest is doubled', async () => {
    await stack.seed('v-0', jane);
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 6 });
    const visitors = Array.from({ length: 12 }, (_, n) => `v-${n}`);
    const served = new Map<string, Answer>();
    const statuses: number[] = [];
    const polling = (async () => {
      while (served.size < visitors.length) {
        await poll();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    await Promise.all(
      visitors.map(async (sessionId) => {
        for (let tries = 0; tries < 60; tries += 1) {
          const answer = await post(init, { sessionId });
          statuses.push(answer.status);
          if (answer.status === 200) {
            served.set(sessionId, answer);
            return;
          }
          expect(answer.headers['Retry-After']).toBe(String(answer.body.retryAfterSeconds));
          await new Promise((resolve) => setTimeout(resolve, 500));
        }
      }),
    );
    await polling;
    expect(new Set(statuses)).toEqual(new Set([200, 202]));
    expect(stack.genesys.guests.size).toBe(visitors.length);
    expect(served.get('v-0')?.body).toMatchObject({
      enrichment: 'matched',
      crmAttributes: { firstName: 'Jane' },
    });
    expect(sqs.messages('overflow')).toEqual([]);
    expect(metricsIn(drain.output())).toMatchObject({ OverflowServed: visitors.length });
  }, 60_000);

  it('the message holds no personal data, no token and no raw session id, and repeats add none', async () => {
    await stack.seed('raw-session-id', jane);
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 60 });
    expect((await post(init, { sessionId: 'raw-session-id' })).status).toBe(202);
    expect((await post(init, { sessionId: 'raw-session-id' })).status).toBe(202);
    const messages = sqs.messages('overflow');
    expect(messages).toHaveLength(1);
    expect(JSON.stringify(messages)).not.toMatch(/jane|raw-session-id|token/i);
  });

  it('redelivered messages and two workers at once change nothing', async () => {
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 4 });
    expect((await post(init, { sessionId: 'a' })).status).toBe(202);
    await new Promise((resolve) => setTimeout(resolve, 4100));
    const [message] = sqs.messages('overflow');
    const event = sqsEvent(sqs.queue('overflow').receive(10), 'arn:aws:sqs:us-east-1:000000000000:overflow');
    const other = await stack.container(
      { AWS_ENDPOINT_URL_SQS: sqs.url, OVERFLOW_QUEUE_URL: queueUrl },
      'drain',
    );
    await Promise.all([drain.invoke(event), other.invoke(event), drain.invoke(event)]);
    await drain.invoke(event);
    expect(message).toBeDefined();
    expect(stack.genesys.guests.size).toBe(1);
    expect(stack.genesys.counts.guest_token).toBe(0);
    expect((await post(init, { sessionId: 'a' })).status).toBe(200);
  });

  it('a registration that has waited for too long is given up, and the visitor is told', async () => {
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 60 });
    expect((await post(init, { sessionId: 'a' })).status).toBe(202);
    const impatient = await stack.container(
      {
        AWS_ENDPOINT_URL_SQS: sqs.url,
        OVERFLOW_QUEUE_URL: queueUrl,
        OVERFLOW_MAX_AGE_SECONDS: '1',
      },
      'drain',
    );
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await poll(impatient)).toEqual([]);
    const answer = await post(init, { sessionId: 'a' });
    expect([answer.status, answer.body.code, answer.body.retryable]).toEqual([
      503,
      'registration_failed',
      true,
    ]);
    expect(metricsIn(impatient.output())).toMatchObject({ OverflowGivenUp: 1 });
  });

  it('a message that is not ours is reported as failed, alone, for the dead-letter queue', async () => {
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 4 });
    expect((await post(init, { sessionId: 'a' })).status).toBe(202);
    await new Promise((resolve) => setTimeout(resolve, 4100));
    const { id } = sqs.queue('overflow').send('{"poison":true}');
    expect(await poll()).toEqual([id]);
    expect(sqs.messages('overflow').map(({ body }) => body)).toEqual(['{"poison":true}']);
  });
});
