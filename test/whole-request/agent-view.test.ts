import { DeleteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { hashSession } from '../../lambda/guest/session-hash.ts';
import { startDynamoDbProxy } from '../support/dynamodb-proxy.ts';
import type { LambdaContainer } from '../support/lambda-container.ts';
import { metricsIn, post, type Stack, startStack } from '../support/stack.ts';

const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const jane = {
  email: 'jane.doe@example.com',
  firstName: 'Jane',
  tier: 'Enterprise',
  previousTickets: 12,
  crmId: 'crm-1',
};
const notFound = { found: false };

let stack: Stack;
let proxy: Awaited<ReturnType<typeof startDynamoDbProxy>>;
let init: LambdaContainer;
let resolve: LambdaContainer;
let environment: Record<string, string>;

const putSecret = async (more: object = {}): Promise<void> => {
  await stack.putSecret({ externalIdKey: keyOf(9), ...more });
};
let sessions = 0;
/** A session, known to the CRM. */
const newSession = async (record: object = {}): Promise<string> => {
  const sessionId = `visitor-${++sessions}`;
  await stack.seed(sessionId, { ...jane, crmId: `crm-${sessions}`, ...record });
  return sessionId;
};
const referenceOf = async (body: object, container = init): Promise<string> => {
  const { status, body: opened } = await post(container, { consentGiven: true, ...body });
  expect(status).toBe(200);
  return opened.messaging.customAttributes.guestReference;
};
const ask = async (guestReference: string, conversationId = `conversation-${sessions}`) =>
  await resolve.invoke<Record<string, unknown>>({ guestReference, conversationId });

beforeAll(async () => {
  stack = await startStack();
  proxy = await startDynamoDbProxy(stack.tables.url);
  await putSecret();
  environment = {
    GUEST_PROVIDER: 'web-messaging',
    WEB_MESSAGING_DEPLOYMENT_ID: 'deployment-1',
    EXTERNAL_SOURCE_ID: 'source-1',
    GENESYS_LOGIN_URL: stack.genesys.url,
    AWS_ENDPOINT_URL_DYNAMODB: proxy.url,
  };
  [init, resolve] = await Promise.all([
    stack.container(environment),
    stack.container(environment, 'resolve'),
  ]);
});
afterEach(async () => {
  proxy.treat(() => 'pass');
  stack.genesys.control.clearFaults();
  await stack.forgetToken();
});
afterAll(async () => {
  await stack.stop();
  await proxy.close();
});

describe('The chat, with provider web-messaging', () => {
  it('opens without a call to Genesys, also while Genesys is down', async () => {
    const before = stack.genesys.calls.length;
    stack.genesys.control.addFaults({ endpoint: 'oauth', kind: 'hang' });
    const { status, body } = await post(init, { sessionId: await newSession(), consentGiven: true });
    expect([status, body.enrichment]).toEqual([200, 'matched']);
    expect(stack.genesys.calls.length).toBe(before);
  });

  it('opens after one round trip to DynamoDB', async () => {
    const sessionId = await newSession();
    const patient = await stack.container({ ...environment, CRM_TIMEOUT_MS: '9000' });
    proxy.calls.length = 0;
    proxy.treat(() => ({ delayMs: 1500 }));
    const { durationMs, body } = await post(patient, { sessionId, consentGiven: true });
    proxy.treat(() => 'pass');
    expect(proxy.calls.map(({ operation }) => operation).sort()).toEqual(['BatchGetItem', 'PutItem']);
    expect(body.enrichment).toBe('matched');
    expect(durationMs).toBeLessThan(3000);
  }, 30_000);

  it('keeps guest and token for the session, in every container, also when the CRM record changes', async () => {
    const sessionId = await newSession();
    const first = await post(init, { sessionId, consentGiven: true });
    await stack.seed(sessionId, { ...jane, tier: 'Free' });
    const again = await post(await stack.container(environment), { sessionId, consentGiven: true });
    expect(again.body).toMatchObject({
      guestId: first.body.guestId,
      accessToken: first.body.accessToken,
      expiresAt: first.body.expiresAt,
      crmAttributes: { tier: 'Free' },
    });
  });

  it('mints guest and token again when consent changes, and keeps no token readable in the table', async () => {
    const sessionId = await newSession();
    const first = await post(init, { sessionId, consentGiven: true });
    const refused = await post(init, { sessionId, consentGiven: false });
    expect(refused.body.guestId).not.toBe(first.body.guestId);
    expect(refused.body.accessToken).not.toBe(first.body.accessToken);
    const { Items: items = [] } = await stack.client.send(new ScanCommand({ TableName: stack.guestTable }));
    expect(JSON.stringify(items)).not.toContain(refused.body.accessToken);
  });

  it('gives another reference with each response: sealed, short, and written down nowhere', async () => {
    const sessionId = await newSession();
    const references = [await referenceOf({ sessionId }), await referenceOf({ sessionId })];
    expect(new Set(references).size).toBe(2);
    for (const reference of references) {
      expect(reference.length).toBeLessThanOrEqual(512);
      expect(reference).not.toContain(hashSession(sessionId, [])[0]);
      await ask(reference, 'conversation');
    }
    const { Items: items = [] } = await stack.client.send(new ScanCommand({ TableName: stack.guestTable }));
    const written = JSON.stringify(items) + stack.output();
    for (const reference of references) expect(written).not.toContain(reference);
  });
});

describe('The agent', () => {
  it('sees who the visitor is, and the customer’s contact', async () => {
    const sessionId = await newSession();
    const resolved = await ask(await referenceOf({ sessionId }));
    expect(resolved).toEqual({
      found: true,
      verified: false,
      consentGiven: true,
      consentType: 'explicit',
      enrichment: 'matched',
      firstName: 'Jane',
      email: jane.email,
      externalContactId: expect.any(String),
      crmTier: 'Enterprise',
      historicalTickets: 12,
      integrationSource: 'node-middleware-v1',
    });
  });

  it('costs one update of the contact while the record is unchanged, and another when it changes', async () => {
    const sessionId = await newSession();
    const enriched = () => stack.genesys.calls.filter(({ endpoint }) => endpoint === 'enrich').length;
    const before = enriched();
    const first = await ask(await referenceOf({ sessionId }), 'a');
    const second = await ask(await referenceOf({ sessionId }), 'b');
    expect(second['externalContactId']).toBe(first['externalContactId']);
    expect(enriched() - before).toBe(1);
    await stack.seed(sessionId, { ...jane, crmId: `crm-${sessions}`, email: 'new@example.com' });
    expect(await ask(await referenceOf({ sessionId }), 'c')).toMatchObject({ email: 'new@example.com' });
    expect(enriched() - before).toBe(2);
  });

  it('sees nothing with a reference that another conversation has presented, and the operator reads of it', async () => {
    const reference = await referenceOf({ sessionId: await newSession() });
    expect(await ask(reference, 'first')).toMatchObject({ found: true });
    expect(await ask(reference, 'second')).toEqual(notFound);
    expect(await ask(reference, 'first')).toMatchObject({ found: true });
    expect(metricsIn(resolve.output())['ReferencesReused']).toBe(1);
  });

  it.each([
    ['padding', (reference: string) => `${reference}=`],
    ['white space', (reference: string) => `${reference.slice(0, 40)} ${reference.slice(40)}`],
  ])('sees nothing with such a reference spelt another way: %s', async (_, respell) => {
    const reference = await referenceOf({ sessionId: await newSession() });
    expect(await ask(reference, 'first')).toMatchObject({ found: true });
    expect(await ask(respell(reference), 'second')).toEqual(notFound);
  });

  it('two conversations that present a reference at once: one of them has it', async () => {
    const reference = await referenceOf({ sessionId: await newSession() });
    const all = await Promise.all(['a', 'b', 'c', 'd'].map(async (id) => await ask(reference, id)));
    expect(all.filter(({ found }) => found === true)).toHaveLength(1);
  });

  it.each([
    ['a guest id', async () => (await post(init, { sessionId: await newSession() })).body.guestId],
    ['a guest token', async () => (await post(init, { sessionId: await newSession() })).body.accessToken],
    [
      'an altered reference',
      async () => {
        const reference = await referenceOf({ sessionId: await newSession() });
        return `${reference.slice(0, 30)}${reference[30] === 'A' ? 'B' : 'A'}${reference.slice(31)}`;
      },
    ],
    ['anything', async () => 'x'.repeat(2000)],
  ])('sees nothing with %s', async (_, forged) => {
    expect(await ask(await forged())).toEqual(notFound);
  });

  it('sees nothing of a visitor who has become another guest, or whose entry was erased', async () => {
    const sessionId = await newSession();
    const superseded = await referenceOf({ sessionId });
    const current = await referenceOf({ sessionId, consentGiven: false });
    expect(await ask(superseded)).toEqual(notFound);
    const Key = { sessionHash: { S: hashSession(sessionId, [])[0] } };
    await stack.client.send(new DeleteItemCommand({ TableName: stack.guestTable, Key }));
    expect(await ask(current)).toEqual(notFound);
  });

  it('sees nothing of the customer without consent, and the CRM is not read', async () => {
    const reference = await referenceOf({ sessionId: await newSession(), consentGiven: false });
    proxy.calls.length = 0;
    expect(await ask(reference)).toEqual({
      found: true,
      verified: false,
      consentGiven: false,
      consentType: 'explicit',
      enrichment: 'no_consent',
      integrationSource: 'node-middleware-v1',
    });
    expect(proxy.calls.filter(({ body }) => body.includes(`"${stack.crmTable}"`))).toEqual([]);
  });

  it('sees a stranger as one, with nothing invented', async () => {
    expect(await ask(await referenceOf({ sessionId: 'a-stranger' }))).toEqual({
      found: true,
      verified: false,
      consentGiven: true,
      consentType: 'explicit',
      enrichment: 'not_found',
      integrationSource: 'node-middleware-v1',
    });
  });

  it.each([
    ['is limiting', { endpoint: 'enrich', kind: 'status', status: 429, headers: { 'retry-after': '3' } }],
    ['fails', { endpoint: 'enrich', kind: 'status', status: 500 }],
    ['lacks the permission', { endpoint: 'enrich', kind: 'status', status: 403 }],
    ['hangs', { endpoint: 'enrich', kind: 'hang' }],
    ['gives no token', { endpoint: 'oauth', kind: 'hang' }],
    [
      'limits its tokens',
      { endpoint: 'oauth', kind: 'status', status: 429, headers: { 'retry-after': '3' } },
    ],
  ] as const)('sees the customer without the contact while Genesys %s', async (_, fault) => {
    const fresh = await stack.container({ ...environment, RESOLVE_BUDGET_MS: '2000' }, 'resolve');
    const reference = await referenceOf({ sessionId: await newSession() });
    stack.genesys.control.addFaults(fault);
    const started = performance.now();
    const resolved = await fresh.invoke<object>({ guestReference: reference, conversationId: 'c' });
    expect(performance.now() - started).toBeLessThan(2000 + 2000);
    expect(resolved).toMatchObject({ found: true, enrichment: 'matched', firstName: 'Jane' });
    expect(resolved).not.toHaveProperty('externalContactId');
  });

  it('sees that the CRM could not be read in time', async () => {
    const reference = await referenceOf({ sessionId: await newSession() });
    proxy.treat(({ body }) => (body.includes(`"${stack.crmTable}"`) ? 'hang' : 'pass'));
    const resolved = await ask(reference);
    expect(resolved).toMatchObject({ found: true, enrichment: 'degraded' });
    expect(resolved).not.toHaveProperty('firstName');
    expect(resolved).not.toHaveProperty('crmTier');
  });

  it('sees after a rotation of the client secret whom a reference of the new one names', async () => {
    const warm = await stack.container(environment, 'resolve');
    await putSecret({ clientSecret: 'the-next-secret' });
    const rotated = await stack.container(environment);
    const reference = await referenceOf({ sessionId: await newSession() }, rotated);
    const conversation = { guestReference: reference, conversationId: 'c' };
    expect(await warm.invoke(conversation)).toMatchObject({ found: true });
    await putSecret();
  });
});

describe('The flow takes its failure path', () => {
  it.each([
    ['an empty event', {}],
    ['an empty conversation', { guestReference: 'x', conversationId: '' }],
    ['no reference', { conversationId: 'c' }],
    ['a number for a text', { guestReference: 42, conversationId: 'c' }],
    ['nothing at all', null],
  ])('on %s, and the message holds no value', async (_, event) => {
    await expect(resolve.invoke(event)).rejects.toThrow(/ResolveInputError/);
  });

  it('when the registry cannot be read', async () => {
    const reference = await referenceOf({ sessionId: await newSession() });
    proxy.treat(() => 'refuse');
    await expect(ask(reference)).rejects.toThrow('ResolveFailedError');
  });
});

describe('With provider webchat-v1', () => {
  it('nobody is found: the guest carries its attributes itself', async () => {
    const webchat = await stack.container({}, 'resolve');
    expect(await webchat.invoke({ guestReference: 'x', conversationId: 'c' })).toEqual(notFound);
  });
});

describe('Whatever resolve writes', () => {
  it('holds nothing personal and no reference', async () => {
    const reference = await referenceOf({ sessionId: await newSession() });
    expect(await ask(reference)).toMatchObject({ found: true, firstName: 'Jane', email: jane.email });
    const output = resolve.output();
    expect(output).not.toBe('');
    for (const text of [jane.email, 'Jane', 'Enterprise', 'crm-1"', `crm-${sessions}"`, reference]) {
      expect(output).not.toContain(text);
    }
  });
});
