import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startDynamoDbProxy } from '../support/dynamodb-proxy.ts';
import type { LambdaContainer } from '../support/lambda-container.ts';
import { metricsIn, post, type Stack, startStack } from '../support/stack.ts';

const jane = { email: 'jane.doe@example.com', firstName: 'Jane', tier: 'Enterprise', previousTickets: 12 };

let stack: Stack;
let proxy: Awaited<ReturnType<typeof startDynamoDbProxy>>;
beforeAll(async () => {
  stack = await startStack();
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
/** A warm container behind the proxy. */
const warmContainer = async (environment: Record<string, string> = {}): Promise<LambdaContainer> => {
  const container = await stack.container({ AWS_ENDPOINT_URL_DYNAMODB: proxy.url, ...environment });
  const warmed = await post(container, { sessionId: newSession() });
  expect(warmed.status).toBe(200);
  return container;
};
const isTable =
  (name: string) =>
  ({ body }: { body: string }) =>
    body.includes(`"${name}"`);

describe('While the CRM table is dead', () => {
  it.each(['hang', 'refuse'] as const)(
    'and its calls %s, a chat opens degraded in time',
    async (treatment) => {
      const container = await warmContainer();
      proxy.treat((call) => (isTable(stack.crmTable)(call) ? treatment : 'pass'));
      const durations: number[] = [];
      for (let n = 0; n < 3; n += 1) {
        const answer = await post(container, { sessionId: newSession() });
        expect([answer.status, answer.body.enrichment]).toEqual([200, 'degraded']);
        durations.push(answer.durationMs);
      }
      expect(Math.min(...durations)).toBeLessThan(2 * 500);
    },
  );

  it("a repeated visitor keeps the session's richer guest", async () => {
    const container = await warmContainer();
    const sessionId = newSession();
    await stack.seed(sessionId, jane);
    const first = await post(container, { sessionId });
    proxy.treat((call) => (isTable(stack.crmTable)(call) ? 'refuse' : 'pass'));
    // Another container, which cannot remember the guest.
    const other = await stack.container({ AWS_ENDPOINT_URL_DYNAMODB: proxy.url });
    const second = await post(other, { sessionId });
    expect(second.body).toMatchObject({ enrichment: 'degraded', guestId: first.body.guestId });
    proxy.treat(() => 'pass');
    expect((await post(other, { sessionId })).body).toMatchObject({
      enrichment: 'matched',
      guestId: first.body.guestId,
    });
  });

  it('after five failures in a row nobody waits for it', async () => {
    const container = await warmContainer();
    proxy.treat((call) => (isTable(stack.crmTable)(call) ? 'hang' : 'pass'));
    let last = await post(container, { sessionId: newSession() });
    for (let n = 0; n < 6; n += 1) last = await post(container, { sessionId: newSession() });
    expect(last.body.enrichment).toBe('degraded');
    expect(last.durationMs).toBeLessThan(500);
    expect(metricsIn(container.output())['BreakerOpened']).toBe(1);
  });
});

describe('While all of DynamoDB hangs', () => {
  it('a warm container still opens the chat within the wait for one table', async () => {
    const container = await warmContainer();
    proxy.treat(() => 'hang');
    const durations: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      const answer = await post(container, { sessionId: newSession() });
      expect([answer.status, answer.body.enrichment]).toEqual([200, 'degraded']);
      durations.push(answer.durationMs);
    }
    expect(Math.min(...durations)).toBeLessThan(2 * 500);
    expect(metricsIn(container.output())['RegistryUnavailable']).toBeGreaterThan(0);
  });

  it('the OAuth token is not waited for a second time', async () => {
    proxy.treat(() => 'hang');
    const container = await stack.container({ AWS_ENDPOINT_URL_DYNAMODB: proxy.url });
    const answer = await post(container, { sessionId: newSession() });
    expect(answer.status).toBe(200);
    // A second wait for the shared token would take 1500 ms more.
    expect(answer.durationMs).toBeLessThan(500 + 1500);
  });

  it('one container keeps to one guest per session', async () => {
    const container = await warmContainer();
    proxy.treat(() => 'refuse');
    const sessionId = newSession();
    const answers = await Promise.all([1, 2, 3, 4].map(async () => await post(container, { sessionId })));
    expect(new Set(answers.map(({ body }) => body.guestId)).size).toBe(1);
    // Back again: the guest is remembered for all.
    proxy.treat(() => 'pass');
    await post(container, { sessionId });
    const other = await stack.container();
    expect((await post(other, { sessionId })).body.guestId).toBe(answers[0]?.body.guestId);
  });
});

describe('One round trip', () => {
  it('lies between a new visitor and the first call to Genesys', async () => {
    const container = await warmContainer({ CRM_TIMEOUT_MS: '5000', INIT_BUDGET_MS: '20000' });
    proxy.calls.length = 0;
    proxy.treat(() => ({ delayMs: 400 }));
    const before = stack.genesys.calls.length;
    const started = Date.now();
    await post(container, { sessionId: newSession(), consentGiven: true });
    const first = stack.genesys.calls[before];
    expect((first?.at ?? 0) - started).toBeLessThan(2 * 400);
    expect(proxy.calls.map(({ operation }) => operation)).toEqual(['BatchGetItem', 'PutItem', 'PutItem']);
  });

  it('of a second is no reason not to register, where the tables may take longer', async () => {
    const container = await warmContainer({ CRM_TIMEOUT_MS: '5000', INIT_BUDGET_MS: '20000' });
    const before = stack.genesys.counts.guest;
    proxy.treat(() => ({ delayMs: 1000 }));
    const { status, body } = await post(container, { sessionId: newSession(), consentGiven: true });
    expect([status, body.enrichment]).toEqual([200, 'not_found']);
    expect(stack.genesys.counts.guest).toBe(before + 1);
  });

  it('brings a cold container the CRM record, the registry entry and the shared token', async () => {
    const sessionId = newSession();
    await post(await warmContainer(), { sessionId, consentGiven: true });
    const cold = await stack.container({ AWS_ENDPOINT_URL_DYNAMODB: proxy.url });
    proxy.calls.length = 0;
    const before = stack.genesys.calls.length;
    await post(cold, { sessionId, consentGiven: true });
    const reads = proxy.calls.filter(({ operation }) => operation.includes('Get'));
    expect(reads.map(({ operation }) => operation)).toEqual(['BatchGetItem']);
    expect(stack.genesys.calls.slice(before).map(({ endpoint }) => endpoint)).toEqual(['guest_token']);
  });

  it('never touches the CRM table without consent', async () => {
    const container = await warmContainer();
    proxy.calls.length = 0;
    const sessionId = newSession();
    await stack.seed(sessionId, jane);
    const { body } = await post(container, { sessionId, consentGiven: false });
    expect(body.enrichment).toBe('no_consent');
    expect(proxy.calls.filter(isTable(stack.crmTable))).toEqual([]);
    expect(proxy.calls.some(isTable(stack.guestTable))).toBe(true);
  });
});

describe('While Genesys fails', () => {
  afterEach(async () => await stack.forgetToken());
  const budget = { INIT_BUDGET_MS: '1500', GENESYS_TIMEOUT_MS: '1000' };
  it.each([
    ['hangs at the token endpoint', 'oauth', [503, 504]],
    ['hangs at the guest', 'guest', [503, 504]],
    ['hangs at the guest token', 'guest_token', [503, 504]],
  ] as const)('%s, a request ends within the budget', async (_, endpoint, statuses) => {
    stack.genesys.control.addFaults({ endpoint, kind: 'hang' });
    const container = await stack.container({ ...budget, GUEST_TABLE_NAME: stack.guestTable });
    // The fleet's token is refused, so that a new one is needed.
    if (endpoint === 'oauth') stack.genesys.control.revokeTokens();
    const answer = await post(container, { sessionId: newSession() });
    expect(statuses).toContain(answer.status);
    expect(answer.durationMs).toBeLessThan(1500 + 2000);
  });

  it('and the budget ends before a call may, the answer is 504', async () => {
    stack.genesys.control.addFaults({ endpoint: 'guest_token', kind: 'hang' });
    const container = await stack.container({ INIT_BUDGET_MS: '800', GENESYS_TIMEOUT_MS: '4000' });
    const answer = await post(container, { sessionId: newSession() });
    expect([answer.status, answer.body.code, answer.body.retryable]).toEqual([
      504,
      'deadline_exceeded',
      true,
    ]);
    expect(answer.durationMs).toBeLessThan(4000);
  });

  it.each([
    ['the answer is lost after creation', 'reset-after', 503, 'genesys_unavailable'],
    ['the connection breaks after the body was sent', 'reset', 503, 'genesys_unavailable'],
    ['the answer is no JSON', 'garbage-after', 502, 'genesys_rejected'],
  ] as const)('and %s, the guest is not created again', async (_, kind, status, code) => {
    const container = await warmContainer();
    const before = stack.genesys.counts.guest;
    stack.genesys.control.addFaults({ endpoint: 'guest', kind });
    const answer = await post(container, { sessionId: newSession() });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(stack.genesys.counts.guest - before).toBe(1);
    expect(metricsIn(container.output())['GuestsOrphaned']).toBe(1);
  });

  it.each([500, 502, 504])('with %i at the guest, the guest is not created again', async (status) => {
    const container = await warmContainer();
    const before = stack.genesys.counts.guest;
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'status', status });
    const answer = await post(container, { sessionId: newSession() });
    expect([answer.status, answer.body.code, answer.headers['Retry-After'] !== undefined]).toEqual([
      503,
      'genesys_unavailable',
      true,
    ]);
    expect(stack.genesys.counts.guest - before).toBe(1);
  });

  it('with 503 at the guest once, the creation is repeated: it certainly had no effect', async () => {
    const container = await warmContainer();
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'status', status: 503, calls: 1 });
    expect((await post(container, { sessionId: newSession() })).status).toBe(200);
  });

  it.each([
    ['oauth', 502],
    ['guest_token', 504],
  ] as const)('at %s with %i once, the call is repeated', async (endpoint, status) => {
    const container = await stack.container();
    stack.genesys.control.addFaults({ endpoint, kind: 'status', status, calls: 1 });
    expect((await post(container, { sessionId: newSession() })).status).toBe(200);
  });

  it.each([
    [
      'refuses the guest',
      'guest',
      { status: 400, body: { code: 'bad.request', message: 'email' } },
      502,
      'genesys_rejected',
    ],
    [
      'refuses for lack of consent',
      'guest',
      { status: 400, body: { code: 'consent.required', message: '' } },
      403,
      'consent_required',
    ],
    [
      'redirects',
      'guest_token',
      { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      502,
      'genesys_rejected',
    ],
    ['promises another answer', 'guest_token', { status: 200, body: { token: 7 } }, 502, 'genesys_rejected'],
    [
      'limits for longer than the budget',
      'guest',
      { status: 429, headers: { 'retry-after': '60' } },
      503,
      'genesys_unavailable',
    ],
    [
      'limits for the day',
      'guest',
      { status: 429, headers: { 'retry-after': '7200' } },
      503,
      'genesys_unavailable',
    ],
  ] as const)('and %s, the caller is told', async (_, endpoint, fault, status, code) => {
    const container = await stack.container();
    stack.genesys.control.addFaults({ endpoint, kind: 'status', ...fault });
    const answer = await post(container, { sessionId: newSession() });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('with a missing scope, the log names it', async () => {
    stack.genesys.control.change({ scopes: ['webchat:token:write'] });
    stack.genesys.control.revokeTokens();
    const container = await stack.container();
    const answer = await post(container, { sessionId: newSession() });
    stack.genesys.control.change({ scopes: ['webchat:guest:write', 'webchat:token:write'] });
    stack.genesys.control.revokeTokens();
    expect([answer.status, answer.body.code]).toEqual([502, 'genesys_rejected']);
    expect(container.output()).toMatch(/genesys_permission_missing.*webchat:guest:write/);
  });

  it('five times in a row, requests then fail at once', async () => {
    const container = await warmContainer();
    stack.genesys.control.addFaults({ kind: 'status', status: 500 });
    for (let n = 0; n < 5; n += 1) await post(container, { sessionId: newSession() });
    const before = stack.genesys.calls.length;
    const answer = await post(container, { sessionId: newSession() });
    expect([answer.status, answer.body.code]).toEqual([503, 'genesys_unavailable']);
    expect(stack.genesys.calls.length).toBe(before);
  });
});
