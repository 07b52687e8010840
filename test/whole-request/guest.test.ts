import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hashSession } from '../../lambda/guest/session-hash.ts';
import { metricsIn, post, type Stack, startStack } from '../support/stack.ts';

const jane = { email: 'jane.doe@example.com', firstName: 'Jane', tier: 'Enterprise', previousTickets: 12 };

let stack: Stack;
beforeEach(async () => {
  stack = await startStack();
});
afterEach(async () => {
  await stack.stop();
});

describe('Through the built bundle', () => {
  it('a known visitor becomes a guest with CRM data, and a reload costs one call to Genesys', async () => {
    await stack.seed('s-1', jane);
    const container = await stack.container();
    const first = await post(container, { sessionId: 's-1', consentGiven: true });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({
      crmAttributes: { firstName: 'Jane', tier: 'Enterprise', previousTickets: 12 },
      enrichment: 'matched',
    });
    expect(Date.parse(first.body.expiresAt)).toBeGreaterThan(Date.now());
    expect([...stack.genesys.guests.values()]).toEqual([
      expect.objectContaining({
        name: 'Jane',
        email: 'jane.doe@example.com',
        consentGiven: true,
        consentType: 'explicit',
        attributes: { crmTier: 'Enterprise', historicalTickets: 12, integrationSource: 'node-middleware-v1' },
      }),
    ]);
    const before = stack.genesys.calls.length;
    const again = await post(container, { sessionId: 's-1', consentGiven: true });
    expect(again.body.guestId).toBe(first.body.guestId);
    expect(again.body.accessToken).not.toBe(first.body.accessToken);
    expect(stack.genesys.calls.slice(before).map(({ endpoint }) => endpoint)).toEqual(['guest_token']);
  });

  it('fifty cold calls at once cost one OAuth call and one reading of the secret', async () => {
    const container = await stack.container();
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, n) => await post(container, { sessionId: `s-${n}` })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(stack.genesys.counts).toMatchObject({ oauth: 1, guest: 50, guest_token: 50 });
    expect(stack.secret.reads).toBe(1);
  });

  it('a token that lives two minutes is used for the first of them', async () => {
    stack.genesys.control.change({ tokenLifetimeSeconds: 120 });
    const container = await stack.container();
    await post(container, { sessionId: 'a' });
    await container.shiftClock(40_000);
    await post(container, { sessionId: 'b' });
    expect(stack.genesys.counts.oauth).toBe(1);
    await container.shiftClock(61_000);
    await post(container, { sessionId: 'c' });
    expect(stack.genesys.counts.oauth).toBe(2);
  });

  it('a rotated secret is picked up without a restart', async () => {
    const container = await stack.container();
    await post(container, { sessionId: 'a' });
    const rotated = { ...stack.credentials, clientSecret: 'rotated-secret' };
    stack.genesys.control.change({ clientSecret: rotated.clientSecret });
    stack.genesys.control.revokeTokens();
    await stack.putSecret(rotated);
    expect((await post(container, { sessionId: 'b' })).status).toBe(200);
  });

  it('a secret that is a placeholder is our error, until it is filled in', async () => {
    await stack.putSecret({ clientId: 'REPLACE_ME', clientSecret: 'REPLACE_ME' });
    const container = await stack.container();
    const failed = await post(container, { sessionId: 'a' });
    expect([failed.status, failed.body.code, failed.body.retryable]).toEqual([500, 'internal_error', false]);
    expect(stack.output()).toContain('secret_placeholder');
    await stack.putSecret();
    expect((await post(container, { sessionId: 'a' })).status).toBe(200);
  });

  it('a token that Genesys has revoked is got anew', async () => {
    const container = await stack.container();
    await post(container, { sessionId: 'a' });
    stack.genesys.control.revokeTokens();
    expect((await post(container, { sessionId: 'b' })).status).toBe(200);
    expect(stack.genesys.counts.oauth).toBe(2);
  });

  it('the registry keeps the consent in evidence', async () => {
    const container = await stack.container();
    await post(container, { sessionId: 'a', consentGiven: true, consentType: 'implicit' });
    const { Item: item } = await stack.client.send(
      new GetItemCommand({
        TableName: stack.guestTable,
        Key: { sessionHash: { S: hashSession('a', [])[0] } },
      }),
    );
    expect(item).toMatchObject({ consentGiven: { BOOL: true }, consentType: { S: 'implicit' } });
    expect(Date.parse(item?.['consentAt']?.S ?? '')).toBeGreaterThan(Date.now() - 10_000);
  });

  it('a start with faults names every one of them', async () => {
    await expect(stack.container({ CRM_TABLE_NAME: '', INIT_BUDGET_MS: 'soon' })).rejects.toThrow(
      /CRM_TABLE_NAME is required.*INIT_BUDGET_MS must be a whole number/s,
    );
  });

  it('metrics tell what happened', async () => {
    await stack.seed('s-1', jane);
    const container = await stack.container();
    await post(container, { sessionId: 's-1' });
    await post(container, { sessionId: 's-1' });
    await post(container, { sessionId: 's-2', consentGiven: false });
    await post(container, {});
    expect(metricsIn(container.output())).toMatchObject({
      ColdStart: 1,
      Issued: 3,
      Refused: 1,
      EnrichmentMatched: 2,
      EnrichmentNoConsent: 1,
      GuestsCreated: 2,
      GuestsReused: 1,
      OAuthRequests: 1,
      GenesysCalls: 6,
    });
  });

  it('both event formats are served', async () => {
    const container = await stack.container();
    const { statusCode } = await container.invoke<{ statusCode: number }>({
      version: '2.0',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from('{"sessionId":"s"}').toString('base64'),
      isBase64Encoded: true,
      requestContext: { requestId: 'r', http: { method: 'POST' } },
    });
    expect(statusCode).toBe(200);
  });
});
