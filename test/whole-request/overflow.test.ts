import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LambdaContainer } from '../support/lambda-container.ts';
import { type Overflow, startOverflow } from '../support/overflow.ts';
import { type Answer, metricsIn, post, type Stack, startStack } from '../support/stack.ts';

const jane = { email: 'jane.doe@example.com', firstName: 'Jane', tier: 'Enterprise', previousTickets: 12 };

let stack: Stack;
let overflow: Overflow;
let init: LambdaContainer;
let drain: LambdaContainer;

beforeEach(async () => {
  stack = await startStack();
  overflow = await startOverflow();
  // The machine that runs the tests may be slower than DynamoDB ever is.
  const patient = { CRM_TIMEOUT_MS: '5000' };
  const queue = { ...patient, ...overflow.environment };
  [init, drain] = await Promise.all([
    stack.container({ ...queue, INIT_BUDGET_MS: '3000' }),
    stack.container(queue, 'drain'),
  ]);
});
afterEach(async () => {
  await stack.stop();
  await overflow.close();
});

describe('While Genesys limits for longer than the budget', () => {
  it('nobody gets an error, all are served after it, and no guest is doubled', async () => {
    await stack.seed('v-0', jane);
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 6 });
    const visitors = Array.from({ length: 12 }, (_, n) => `v-${n}`);
    const served = new Map<string, Answer>();
    const statuses: number[] = [];
    const polling = (async () => {
      while (served.size < visitors.length) {
        await overflow.poll(drain);
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
    expect(await overflow.size()).toBe(0);
    expect(metricsIn(drain.output())).toMatchObject({ OverflowServed: visitors.length });
  }, 60_000);

  it('the message holds no personal data, no token and no raw session id, and repeats add none', async () => {
    await stack.seed('raw-session-id', jane);
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 60 });
    expect((await post(init, { sessionId: 'raw-session-id' })).status).toBe(202);
    expect((await post(init, { sessionId: 'raw-session-id' })).status).toBe(202);
    const messages = await overflow.receive();
    expect(messages).toHaveLength(1);
    expect(JSON.stringify(messages)).not.toMatch(/jane|raw-session-id|token/i);
  });

  it('redelivered messages and two workers at once change nothing', async () => {
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 4 });
    expect((await post(init, { sessionId: 'a' })).status).toBe(202);
    await new Promise((resolve) => setTimeout(resolve, 4100));
    const event = overflow.eventOf(await overflow.receive());
    const other = await stack.container(overflow.environment, 'drain');
    await Promise.all([drain.invoke(event), other.invoke(event), drain.invoke(event)]);
    await drain.invoke(event);
    expect(event.Records).toHaveLength(1);
    expect(stack.genesys.guests.size).toBe(1);
    expect(stack.genesys.counts.guest_token).toBe(0);
    expect((await post(init, { sessionId: 'a' })).status).toBe(200);
  });

  it('a registration that has waited for too long is given up, and the visitor is told', async () => {
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 60 });
    expect((await post(init, { sessionId: 'a' })).status).toBe(202);
    const impatient = await stack.container(
      { ...overflow.environment, OVERFLOW_MAX_AGE_SECONDS: '1' },
      'drain',
    );
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect((await overflow.poll(impatient)).failed).toEqual([]);
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
    const id = await overflow.send('{"poison":true}');
    const { received, failed } = await overflow.poll(drain);
    expect([received.length, failed]).toEqual([2, [id]]);
    expect(await overflow.size()).toBe(1);
  });
});
