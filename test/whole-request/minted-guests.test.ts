import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { LambdaContainer } from '../support/lambda-container.ts';
import { sessionKey } from '../support/session-key.ts';
import { post, type Stack, startStack } from '../support/stack.ts';

const jane = { email: 'jane.doe@example.com', firstName: 'Jane', tier: 'Enterprise', crmId: 'crm-1' };

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    CRM_TIMEOUT_MS: '2000',
    GUEST_PROVIDER: 'web-messaging',
    WEB_MESSAGING_DEPLOYMENT_ID: 'deployment-1',
    EXTERNAL_SOURCE_ID: 'source-1',
  });
  const externalIdKey = Buffer.alloc(32, 9).toString('base64');
  await stack.putSecret({ externalIdKey });
});
afterAll(async () => await stack.stop());
const container = async (): Promise<LambdaContainer> =>
  await stack.container({ GENESYS_LOGIN_URL: stack.genesys.url });

describe('A guest of web-messaging', () => {
  it('is the same in two tabs that open at once, however long Genesys asks to wait', async () => {
    await stack.seed('tabs', jane);
    stack.genesys.control.addFaults({
      endpoint: 'enrich',
      kind: 'limited',
      seconds: 60,
      retryAfter: '6',
      calls: 1,
    });
    const tabs = await Promise.all([container(), container()]);
    const [one, other] = await Promise.all(tabs.map(async (tab) => await post(tab, { sessionId: 'tabs' })));
    expect([one?.status, other?.status]).toEqual([200, 200]);
    expect(other?.body).toMatchObject({ guestId: one?.body.guestId, accessToken: one?.body.accessToken });
    const { body: next } = await post(await container(), { sessionId: 'tabs' });
    expect(next).toMatchObject({ guestId: one?.body.guestId, accessToken: one?.body.accessToken });
    stack.genesys.control.clearFaults();
  });

  it('has a token that is worth nothing when it is copied into the entry of another session', async () => {
    const first = await post(await container(), { sessionId: 'victim' });
    expect(first.status).toBe(200);
    const Key = { sessionHash: { S: sessionKey('victim') } };
    const { Item: entry } = await stack.client.send(new GetItemCommand({ TableName: stack.guestTable, Key }));
    const Item = { ...entry, sessionHash: { S: sessionKey('thief') } };
    await stack.client.send(new PutItemCommand({ TableName: stack.guestTable, Item }));

    const stolen = await post(await container(), { sessionId: 'thief' });
    expect(stolen.status).toBe(200);
    expect(stolen.body.accessToken).not.toBe(first.body.accessToken);
    const again = await post(await container(), { sessionId: 'victim' });
    expect(again.body.accessToken).toBe(first.body.accessToken);
  });
});
