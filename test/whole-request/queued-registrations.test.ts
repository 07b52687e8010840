import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startDynamoDbProxy } from '../support/dynamodb-proxy.ts';
import type { LambdaContainer } from '../support/lambda-container.ts';
import { type Overflow, startOverflow } from '../support/overflow.ts';
import { describeEmbedded, itEmbedded } from '../support/skipped.ts';
import { type Answer, post, type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
let proxy: Awaited<ReturnType<typeof startDynamoDbProxy>>;
let overflow: Overflow;
let init: LambdaContainer;
let worker: LambdaContainer;
/** How far the clocks of both functions and of the queue are ahead. */
let aheadMs: number;

beforeEach(async () => {
  aheadMs = 0;
  stack = await startStack({ CRM_TIMEOUT_MS: '2000' });
  proxy = await startDynamoDbProxy(stack.tables.url);
  overflow = await startOverflow({ now: () => Date.now() + aheadMs });
  [init, worker] = await Promise.all([
    stack.container(overflow.environment),
    // Only the worker's way to the tables can be cut.
    stack.container({ ...overflow.environment, AWS_ENDPOINT_URL_DYNAMODB: proxy.url }, 'drain'),
  ]);
});
afterEach(async () => {
  await stack.stop();
  await proxy.close();
  await overflow.close();
});

const advance = async (seconds: number): Promise<void> => {
  aheadMs += seconds * 1000;
  await Promise.all([init, worker].map(async (container) => await container.shiftClock(aheadMs)));
};
const moved = 'its clock is moved';
const limit = (): void =>
  stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'limited', seconds: 60 });
const ask = async (sessionId: string, more: object = {}): Promise<Answer> =>
  await post(init, { sessionId, ...more });
const implicit = { consentType: 'implicit' };

/** Delivers whenever the queue would, until it is empty or the time is over. @returns how often it delivered */
const deliverFor = async (seconds: number): Promise<number> => {
  const endsAtMs = Date.now() + aheadMs + seconds * 1000;
  let receives = 0;
  while (receives < 50) {
    const waitMs = overflow.nextVisibleAtMs() - (Date.now() + aheadMs);
    if (Date.now() + aheadMs + waitMs > endsAtMs) break;
    if (waitMs > 0) await advance(waitMs / 1000);
    receives += (await overflow.poll(worker)).received.length;
  }
  const left = endsAtMs - (Date.now() + aheadMs);
  if (left > 0 && (await overflow.size()) > 0) await advance(left / 1000);
  return receives;
};

describe('When Genesys asks to wait for nearly all of the budget', () => {
  it('the registration is queued instead of waited for: the calls that follow need their time, too', async () => {
    await ask('warm');
    const created = stack.genesys.counts.guest;
    stack.genesys.control.addFaults(
      { endpoint: 'guest', kind: 'limited', seconds: 7, latencyMs: 500 },
      { latencyMs: 500 },
    );
    const { status, body } = await ask('a');
    expect([status, body.status]).toEqual([202, 'queued']);
    expect(await overflow.size()).toBe(1);
    expect([stack.genesys.counts.guest - created, stack.genesys.guests.size]).toEqual([1, 1]);
  });
});

describeEmbedded('sqs', moved)('While the worker cannot reach the registry', () => {
  it('it is patient: after a minute the message has not been spent, and is served', async () => {
    limit();
    expect((await ask('a')).status).toBe(202);
    stack.genesys.control.clearFaults();
    proxy.treat(() => 'break');
    expect(await deliverFor(60)).toBeLessThan(10);
    expect(await overflow.size()).toBe(1);

    proxy.treat(() => 'pass');
    await deliverFor(60);
    expect(await overflow.size()).toBe(0);
    expect((await ask('a')).status).toBe(200);
    expect(stack.genesys.guests.size).toBe(1);
  });

  it('for longer than a registration may wait, the message is given up afterwards and the visitor is told', async () => {
    limit();
    expect((await ask('a')).status).toBe(202);
    stack.genesys.control.clearFaults();
    proxy.treat(() => 'break');
    expect(await deliverFor(120)).toBeLessThan(10);
    expect(await overflow.size()).toBe(1);

    proxy.treat(() => 'pass');
    await deliverFor(300);
    expect(await overflow.size()).toBe(0);
    expect((await ask('a')).body.code).toBe('registration_failed');
  });
});

describeEmbedded('sqs', moved)('While the worker is told to wait', () => {
  it('a message beyond its age is given up nevertheless, and the visitor is told', async () => {
    limit();
    expect((await ask('old')).status).toBe(202);
    await advance(95);
    await overflow.receive(30);
    await advance(5);
    expect((await ask('young')).status).toBe(202);
    expect((await overflow.poll(worker)).failed).toHaveLength(1);

    // 126 s old; the worker was told to wait for a minute 26 s ago.
    await advance(26);
    const { received, failed } = await overflow.poll(worker);
    expect([received.length, failed]).toEqual([1, []]);
    const { status, body } = await ask('old');
    expect([status, body.code]).toEqual([503, 'registration_failed']);
    expect((await ask('young')).status).toBe(202);
  });
});

describeEmbedded('sqs', moved)('A message of an earlier attempt that is delivered again', () => {
  it('does not end the attempt that is under way', async () => {
    limit();
    const { status } = await ask('a');
    const [first] = await overflow.receive(0);
    expect(status).toBe(202);
    await advance(121);
    await overflow.poll(worker);
    expect((await ask('a')).body.code).toBe('registration_failed');

    await advance(16 * 60);
    expect((await ask('a')).status).toBe(202);
    await overflow.receive(65);
    await overflow.send(first?.body ?? '');
    await overflow.poll(worker);
    expect((await ask('a')).status).toBe(202);

    stack.genesys.control.clearFaults();
    await deliverFor(100);
    expect((await ask('a')).status).toBe(200);
    expect(stack.genesys.guests.size).toBe(1);
  });
});

describe('A guest that fits the request', () => {
  it('is used while another consent is queued', async () => {
    const { body: explicit } = await ask('a');
    limit();
    expect((await ask('a', implicit)).status).toBe(202);
    const { status, body } = await ask('a');
    expect([status, body.guestId]).toEqual([200, explicit.guestId]);
  });

  itEmbedded('sqs', moved)('is used after another consent has been given up', async () => {
    const { body: explicit } = await ask('a');
    limit();
    expect((await ask('a', implicit)).status).toBe(202);
    await advance(121);
    await overflow.poll(worker);
    expect((await ask('a', implicit)).body.code).toBe('registration_failed');
    const { status, body } = await ask('a');
    expect([status, body.guestId]).toEqual([200, explicit.guestId]);
  });
});
