import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startDynamoDbProxy } from '../support/dynamodb-proxy.ts';
import type { LambdaContainer } from '../support/lambda-container.ts';
import { metricsIn, post, type Stack, startStack } from '../support/stack.ts';

let stack: Stack;
let fleet: LambdaContainer[];
const fleetSize = 8;
/** The machine that runs the tests may be slower than DynamoDB ever is; this is about who wins, not how fast. */
const patient = { CRM_TIMEOUT_MS: '5000', INIT_BUDGET_MS: '20000' };

beforeAll(async () => {
  stack = await startStack(patient);
  fleet = await Promise.all(Array.from({ length: fleetSize }, async () => await stack.container()));
});
afterEach(() => {
  stack.genesys.control.clearFaults();
  stack.genesys.control.clearCalls();
});
afterAll(async () => await stack.stop());

const memberOf = (n: number): LambdaContainer => {
  const member = fleet[n % fleetSize];
  if (member === undefined) throw new Error('The fleet is empty.');
  return member;
};

describe('Eight processes', () => {
  it('and twenty requests of one session at once create one guest, each with a token of its own', async () => {
    stack.genesys.control.addFaults({ endpoint: 'guest', latencyMs: 200 });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => await post(memberOf(n), { sessionId: 'one' })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(new Set(answers.map(({ body }) => body.guestId)).size).toBe(1);
    expect(new Set(answers.map(({ body }) => body.accessToken)).size).toBe(20);
    expect(stack.genesys.counts).toMatchObject({ guest: 1, guest_token: 20 });
  });

  it('cost two calls to Genesys for a new session, one for a repeated one, none for the fleet', async () => {
    await post(memberOf(0), { sessionId: 'two' });
    await post(memberOf(1), { sessionId: 'two' });
    expect(stack.genesys.counts).toMatchObject({ oauth: 0, guest: 1, guest_token: 2 });
  });

  it('and twenty requests in one of them create one guest', async () => {
    await Promise.all(
      Array.from({ length: 20 }, async () => await post(memberOf(3), { sessionId: 'three' })),
    );
    expect(stack.genesys.counts.guest).toBe(1);
  });
});

describe('Twenty processes, cold at once', () => {
  it('cost one OAuth call, and the token lies nowhere in clear', async () => {
    const cold = await startStack(patient);
    try {
      const containers = await Promise.all(Array.from({ length: 20 }, async () => await cold.container()));
      const answers = await Promise.all(
        containers.map(async (container, n) => await post(container, { sessionId: `s-${n}` })),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
      expect(cold.genesys.counts.oauth).toBe(1);

      const { Items: items = [] } = await cold.client.send(new ScanCommand({ TableName: cold.guestTable }));
      const bearer = cold.genesys.calls.map(({ headers }) => headers['authorization']).find((value) => value);
      const token = String(bearer).replace('Bearer ', '');
      expect(token.length).toBeGreaterThan(20);
      expect(JSON.stringify(items)).not.toContain(token);

      // Rotated: what the table holds is of no use to anybody.
      await cold.putSecret({ clientSecret: 'rotated' });
      cold.genesys.control.change({ clientSecret: 'rotated' });
      const fresh = await cold.container();
      expect((await post(fresh, { sessionId: 'fresh' })).status).toBe(200);
      expect(cold.genesys.counts.oauth).toBe(2);
    } finally {
      await cold.stop();
    }
  }, 40_000);

  it('still serve everybody when the table is broken', async () => {
    const proxy = await startDynamoDbProxy(stack.tables.url);
    proxy.treat(() => 'refuse');
    const containers = await Promise.all(
      Array.from({ length: 4 }, async () => await stack.container({ AWS_ENDPOINT_URL_DYNAMODB: proxy.url })),
    );
    const answers = await Promise.all(
      containers.map(async (container, n) => await post(container, { sessionId: `broken-${n}` })),
    );
    await proxy.close();
    expect(answers.map(({ status }) => status)).toEqual(Array(4).fill(200));
  });
});

describe('A process that is killed between creation and registry write', () => {
  it('blocks its session no longer than the lease, and the orphan is counted', async () => {
    const doomed = await stack.container({ GENESYS_TIMEOUT_MS: '1500' });
    const heir = await stack.container({ GENESYS_TIMEOUT_MS: '1500' });
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'hang-after', calls: 1 });
    post(doomed, { sessionId: 'killed' }).catch(() => undefined);
    while (stack.genesys.counts.guest === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    doomed.kill();
    const answer = await post(heir, { sessionId: 'killed' });
    expect(answer.status).toBe(200);
    expect(answer.durationMs).toBeLessThan(1500 + 2000 + 1000);
    expect(stack.genesys.counts.guest).toBe(2);
    expect(metricsIn(heir.output())['GuestsOrphaned']).toBe(1);
  });
});
