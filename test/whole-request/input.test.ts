import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { LambdaContainer } from '../support/lambda-container.ts';
import { hashKey, sessionKey } from '../support/session-key.ts';
import { post, type Stack, startStack } from '../support/stack.ts';

const jane = { email: 'jane.doe@example.com', firstName: 'Jane', tier: 'Enterprise', previousTickets: 12 };

let stack: Stack;
let container: LambdaContainer;
beforeAll(async () => {
  stack = await startStack({ CRM_TIMEOUT_MS: '2000', INIT_BUDGET_MS: '20000' });
  container = await stack.container();
});
afterEach(async () => await stack.putSecret());
afterAll(async () => await stack.stop());

let sessions = 0;
const newSession = (): string => `session-${++sessions}`;
const itemOf = async (sessionId: string) => {
  const Key = { sessionHash: { S: sessionKey(sessionId) } };
  return (await stack.client.send(new GetItemCommand({ TableName: stack.guestTable, Key }))).Item;
};

describe('A request', () => {
  it.each([
    { ConsentGiven: false },
    { consentgiven: false },
    { CONSENTGIVEN: true },
    { consentGiven: true, ConsentGiven: false },
    { ConsentType: 'implicit' },
    { SessionId: 'another' },
    { consentGiven: null },
  ])('with %j beside its session is refused, and no guest is created', async (field) => {
    const created = stack.genesys.counts.guest;
    const { status, body } = await post(container, { sessionId: newSession(), ...field });
    expect([status, body.code]).toEqual([400, 'invalid_request']);
    expect(JSON.stringify(body.errors)).toMatch(new RegExp(Object.keys(field).at(-1) ?? ''));
    expect(stack.genesys.counts.guest).toBe(created);
  });

  it('with an unknown field is served', async () => {
    expect((await post(container, { sessionId: newSession(), consent: 1, locale: 'de' })).status).toBe(200);
  });

  it.each([[0xff], [0xfe], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf]])(
    'whose bytes are not UTF-8 is no JSON: %p',
    async (...bytes) => {
      const raw = Buffer.concat([
        Buffer.from('{"sessionId":"not-utf8-'),
        Buffer.from(bytes.filter((byte) => typeof byte === 'number')),
        Buffer.from('"}'),
      ]);
      const { status, body } = await post(container, raw.toString('base64'), { isBase64Encoded: true });
      expect([status, body.code]).toEqual([400, 'invalid_json']);
    },
  );

  it('in UTF-8 and base64 is served', async () => {
    const raw = Buffer.from('{"sessionId":"utf8-äö€😀"}').toString('base64');
    expect((await post(container, raw, { isBase64Encoded: true })).status).toBe(200);
  });
});

describe('A secret', () => {
  const keyOf = (fill: number, bytes = 32): string => Buffer.alloc(bytes, fill).toString('base64');
  it.each([
    ['a signing key of one byte', { sessionSigningKeys: [keyOf(1, 1)] }, 'sessionSigningKeys'],
    ['a signing key of 31 bytes', { sessionSigningKeys: [keyOf(2), keyOf(1, 31)] }, 'sessionSigningKeys'],
    ['an external-id key of one byte', { externalIdKey: keyOf(1, 1) }, 'externalIdKey'],
    ['two equal signing keys', { sessionSigningKeys: [keyOf(1), keyOf(1)] }, 'sessionSigningKeys'],
    [
      'one key for hashing and signing',
      { sessionHashKeys: [hashKey(1)], sessionSigningKeys: [keyOf(1)] },
      'sessionSigningKeys|sessionHashKeys',
    ],
    [
      'one key for hashing and external ids',
      { sessionHashKeys: [hashKey(1)], externalIdKey: keyOf(1) },
      'externalIdKey|sessionHashKeys',
    ],
    [
      'two hash keys that are one',
      { sessionHashKeys: [hashKey(1), { ...hashKey(1), id: 'k2' }] },
      'sessionHashKeys',
    ],
  ])('with %s is malformed, and the log names the field', async (_, more, fields) => {
    await stack.putSecret(more);
    const fresh = await stack.container();
    const { status, body } = await post(fresh, { sessionId: newSession() });
    expect([status, body.code]).toEqual([500, 'internal_error']);
    const errors = fresh
      .output()
      .split('\n')
      .filter((line) => line.includes('"level":"ERROR"'));
    expect(errors.join('\n')).toMatch(new RegExp(fields));
    expect(fresh.output()).not.toContain(keyOf(1));
  });

  it('with different keys of 32 bytes for each purpose is fine', async () => {
    const more = {
      sessionHashKeys: [hashKey(2), hashKey(1)],
      sessionSigningKeys: [keyOf(3), keyOf(4)],
      externalIdKey: keyOf(5),
    };
    await stack.putSecret(more);
    expect((await post(await stack.container(), { sessionId: newSession() })).status).toBe(200);
  });
});

describe('The consent', () => {
  it.each([
    ['silence', {}, { consentGiven: true, consentStated: false }],
    ['a stated consent', { consentGiven: true }, { consentGiven: true, consentStated: true }],
    ['a stated refusal', { consentGiven: false }, { consentGiven: false, consentStated: true }],
  ])('is kept in evidence as what it was: %s', async (_, stated, evidence) => {
    const sessionId = newSession();
    expect((await post(container, { sessionId, ...stated })).status).toBe(200);
    const item = await itemOf(sessionId);
    expect(item).toMatchObject({
      consentGiven: { BOOL: evidence.consentGiven },
      consentStated: { BOOL: evidence.consentStated },
    });
  });

  it('that was refused stays refused while the visitor is silent, in any container, until it is given', async () => {
    const sessionId = newSession();
    await stack.seed(sessionId, jane);
    expect((await post(container, { sessionId })).body.enrichment).toBe('matched');
    const refused = await post(container, { sessionId, consentGiven: false });
    expect(refused.body.enrichment).toBe('no_consent');

    for (const silentTo of [container, await stack.container()]) {
      const { body } = await post(silentTo, { sessionId });
      expect(body).toMatchObject({ enrichment: 'no_consent', guestId: refused.body.guestId });
      expect(body.crmAttributes).not.toMatchObject({ firstName: 'Jane' });
    }
    expect(await itemOf(sessionId)).toMatchObject({
      consentGiven: { BOOL: false },
      consentStated: { BOOL: true },
    });
    expect((await post(container, { sessionId, consentGiven: true })).body.enrichment).toBe('matched');
    expect((await post(container, { sessionId })).body.enrichment).toBe('matched');
  });
});
