import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startConnectionCounter } from '../support/connection-counter.ts';
import { names, startDynamoDbProxy } from '../support/dynamodb-proxy.ts';
import { post, type Stack, startStack } from '../support/stack.ts';

const jane = { email: 'jane.doe@example.com', firstName: 'Jane', tier: 'Enterprise', previousTickets: 12 };

let stack: Stack;
let proxy: Awaited<ReturnType<typeof startDynamoDbProxy>>;
beforeAll(async () => {
  stack = await startStack({ CRM_TIMEOUT_MS: '2000', INIT_BUDGET_MS: '20000' });
  proxy = await startDynamoDbProxy(stack.tables.url);
});
afterEach(() => {
  proxy.treat(() => 'pass');
  stack.genesys.control.clearFaults();
});
afterAll(async () => {
  await stack.stop();
  await proxy.close();
});
let sessions = 0;
const newSession = (): string => `session-${++sessions}`;

describe('A guest that Genesys has forgotten', () => {
  it.each(['break', 'refuse'] as const)(
    'is registered anew also when the registry is away at that moment (its calls: %s)',
    async (treatment) => {
      const container = await stack.container({ AWS_ENDPOINT_URL_DYNAMODB: proxy.url });
      const sessionId = newSession();
      const { body: first } = await post(container, { sessionId });
      stack.genesys.control.forgetGuest(first.guestId);
      const tokens = stack.genesys.counts.guest_token;
      proxy.treat((call) =>
        names(stack.guestTable)(call) && stack.genesys.counts.guest_token > tokens ? treatment : 'pass',
      );
      const { status, body } = await post(container, { sessionId });
      expect([status, stack.genesys.guests.has(body.guestId)]).toEqual([200, true]);
    },
  );
});

describe('What the browser gets', () => {
  it('holds no CRM attribute where none is exposed', async () => {
    const sessionId = newSession();
    await stack.seed(sessionId, jane);
    const container = await stack.container({ EXPOSED_CRM_ATTRIBUTES: '' });
    const { body } = await post(container, { sessionId });
    expect(body).toMatchObject({ enrichment: 'matched', crmAttributes: {} });
    expect(JSON.stringify(body.crmAttributes)).toBe('{}');
  });

  it.each([
    ['2099-05-15T13:23:45.123+02:00', '2099-05-15T11:23:45.123Z'],
    ['2099-05-15T05:53:45.123-05:30', '2099-05-15T11:23:45.123Z'],
    ['2099-05-15T11:23:45.123Z', '2099-05-15T11:23:45.123Z'],
  ])('names the end of the token in UTC where Genesys writes %s', async (expires_at, expiresAt) => {
    const container = await stack.container();
    stack.genesys.control.addFaults({
      endpoint: 'guest_token',
      kind: 'status',
      status: 200,
      body: { token: 'a-guest-token', expires_at },
    });
    expect((await post(container, { sessionId: newSession() })).body.expiresAt).toBe(expiresAt);
  });
});

describe('A guest id from Genesys', () => {
  const answerWith = (id: string): void =>
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'status', status: 201, body: { id } });

  it('that could change a path is not believed, and no token is asked for', async () => {
    const container = await stack.container();
    const before = stack.genesys.counts.guest_token;
    for (const id of [
      '../admin',
      '..',
      '.',
      'a/b',
      'a%2Fb',
      'a%2e%2e',
      'a b',
      'a?b',
      'a#b',
      'ä',
      'a\\b',
      '',
    ]) {
      answerWith(id);
      const { status, body } = await post(container, { sessionId: newSession() });
      expect([id, status, body.code]).toEqual([id, 502, 'genesys_rejected']);
      stack.genesys.control.clearFaults();
    }
    expect(stack.genesys.counts.guest_token).toBe(before);
  });

  it('of letters, digits, dots, dashes, underscores and tildes is', async () => {
    const container = await stack.container();
    answerWith('a.B~c-D_1');
    const token = { token: 'a-guest-token', expires_at: '2099-05-15T11:23:45.123Z' };
    stack.genesys.control.addFaults({ endpoint: 'guest_token', kind: 'status', status: 200, body: token });
    expect((await post(container, { sessionId: newSession() })).body.guestId).toBe('a.B~c-D_1');
    expect(stack.genesys.calls.at(-1)?.path).toBe('/api/v2/webchat/v1/guests/a.B~c-D_1/tokens');
  });
});

describe('With credentials that Genesys refuses', () => {
  it('requests that follow soon cost neither a call for a token nor a read of the secret', async () => {
    const wrong = await startStack({ CRM_TIMEOUT_MS: '2000' });
    try {
      await wrong.putSecret({ clientSecret: 'wrong' });
      const container = await wrong.container();
      const ask = async () => {
        const { status, body } = await post(container, { sessionId: newSession() });
        return [status, body.code];
      };
      expect(await ask()).toEqual([502, 'genesys_rejected']);
      const cost = () => [wrong.genesys.counts.oauth, wrong.secret.reads];
      const before = cost();
      for (let n = 0; n < 4; n += 1) expect(await ask()).toEqual([502, 'genesys_rejected']);
      expect(cost()).toEqual(before);

      // Mended: taken up without a restart.
      await wrong.putSecret();
      await container.shiftClock(6000);
      expect((await post(container, { sessionId: newSession() })).status).toBe(200);
    } finally {
      await wrong.stop();
    }
  });
});

describe('A connection to Genesys', () => {
  it('is used again after some idle seconds', async () => {
    const counter = await startConnectionCounter(stack.genesys.url);
    try {
      const container = await stack.container({ GENESYS_BASE_URL: counter.url });
      const sessionId = newSession();
      await post(container, { sessionId });
      const opened = counter.connections();
      expect(opened).toBeGreaterThan(0);
      await sleep(6000);
      await post(container, { sessionId });
      expect(counter.connections()).toBe(opened);
    } finally {
      await counter.close();
    }
  });
});

describe('The functions as the platform sees them', () => {
  it.each([
    ['{}', {}],
    ['null', null],
    ['{ "Records": [] }', { Records: [] }],
  ])('the worker does not trip over the event %s', async (_, event) => {
    const worker = await stack.container({}, 'drain');
    const outcome = await worker.invoke(event).catch(String);
    expect(JSON.stringify(outcome)).not.toMatch(/TypeError|not iterable/);
  });

  it.each(['init', 'drain'] as const)(
    'a faulty configuration of %s is reported by its name',
    async (name) => {
      await expect(stack.container({ CRM_TABLE_NAME: '' }, name)).rejects.toThrow(
        /"errorType":"ConfigError","errorMessage":".*CRM_TABLE_NAME/,
      );
    },
  );
});
