import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { isWrite, names, startDynamoDbProxy } from '../support/dynamodb-proxy.ts';
import { sessionKey } from '../support/session-key.ts';
import { metricsIn, post, type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
let proxy: Awaited<ReturnType<typeof startDynamoDbProxy>>;
beforeAll(async () => {
  stack = await startStack({ CRM_TIMEOUT_MS: '1500', INIT_BUDGET_MS: '20000' });
  proxy = await startDynamoDbProxy(stack.tables.url);
});
afterEach(() => proxy.treat(() => 'pass'));
afterAll(async () => {
  await stack.stop();
  await proxy.close();
});

let sessions = 0;
/** A session whose guest was created while every write after the creation was spoiled in one way. */
const createdUnsaved = async (treatment: 'lose' | 'break' | 'hang' | 'refuse') => {
  const container = await stack.container({ AWS_ENDPOINT_URL_DYNAMODB: proxy.url });
  expect((await post(container, { sessionId: `warm-${sessions}` })).status).toBe(200);
  const sessionId = `session-${++sessions}`;
  const created = stack.genesys.counts.guest;
  const ofSession = names(sessionKey(sessionId));
  let spoiled = 0;
  proxy.treat((call) => {
    if (!isWrite(call) || !ofSession(call) || stack.genesys.counts.guest === created) return 'pass';
    spoiled += 1;
    return treatment;
  });
  const first = await post(container, { sessionId });
  proxy.treat(() => 'pass');
  expect(first.status).toBe(200);
  expect(spoiled).toBeGreaterThan(0);
  return { container, sessionId, first, created: () => stack.genesys.counts.guest - created };
};

describe('When the registry write after a creation', () => {
  it.each([
    ['has its effect but its answer is lost', 'lose'],
    ['never reaches the table', 'break'],
    ['is waited for in vain', 'hang'],
    ['is refused', 'refuse'],
  ] as const)('%s, a reload in the same container soon gets the same guest', async (_, treatment) => {
    const { container, sessionId, first, created } = await createdUnsaved(treatment);
    let reads = 0;
    proxy.treat((call) => {
      if (!isWrite(call) && names(sessionKey(sessionId))(call)) reads += 1;
      return 'pass';
    });
    const reload = await post(container, { sessionId });
    expect(reload.status).toBe(200);
    expect(reload.body.guestId).toBe(first.body.guestId);
    // A dead lease lasts six seconds, and whoever waits for it looks again and again: nobody waits for their own.
    expect(reads).toBeLessThan(4);

    // From then on all containers know the guest.
    const other = await post(await stack.container(), { sessionId });
    expect(other.body.guestId).toBe(first.body.guestId);
    expect(created()).toBe(1);
  });

  it('is lost, two reloads at once in the same container get the same guest', async () => {
    const { container, sessionId, first, created } = await createdUnsaved('break');
    const reloads = await Promise.all([1, 2].map(async () => await post(container, { sessionId })));
    expect(reloads.map(({ status, body }) => [status, body.guestId])).toEqual(
      Array(2).fill([200, first.body.guestId]),
    );
    expect(created()).toBe(1);
  });
});

describe('When a creation has failed', () => {
  it('nothing of the lease is left: the next request, in another container, is served at once', async () => {
    const [container, other] = await Promise.all([stack.container(), stack.container()]);
    await Promise.all(
      [container, other].map(async (each, n) => await post(each, { sessionId: `ready-${n}` })),
    );
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'status', status: 500, calls: 1 });
    expect((await post(container, { sessionId: 'failed' })).status).toBe(503);
    const { status, durationMs } = await post(other, { sessionId: 'failed' });
    expect(status).toBe(200);
    expect(durationMs).toBeLessThan(3000);
    expect(metricsIn(container.output())).not.toHaveProperty('RegistryUnavailable');
  });
});
