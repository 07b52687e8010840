import { createHmac } from 'node:crypto';
import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { itemFromRecord } from '../../lambda/aws/crm-item.ts';
import { hashSession } from '../../lambda/guest/session-hash.ts';
import { post, type Stack, startStack } from '../support/stack.ts';

const jane = { email: 'jane.doe@example.com', firstName: 'Jane', tier: 'Enterprise', crmId: 'crm-1' };
const keyOf = (fill: number): string => Buffer.alloc(32, fill).toString('base64');

let stack: Stack;
beforeAll(async () => {
  // The machine that runs the tests may be slower than DynamoDB ever is.
  stack = await startStack({ CRM_TIMEOUT_MS: '5000', INIT_BUDGET_MS: '20000' });
});
afterEach(() => stack.genesys.control.clearCalls());
afterAll(async () => await stack.stop());

const putSecret = async (more: object): Promise<void> => await stack.putSecret(more);

describe('Keyed session hashes', () => {
  const keys = (...ids: number[]) => ids.map((id) => ({ id: `k${id}`, key: Buffer.alloc(32, id) }));
  const secretKeys = (...ids: number[]) => ids.map((id) => ({ id: `k${id}`, key: keyOf(id) }));

  it('are introduced, and rotated, with no visitor unrecognised and no guest doubled', async () => {
    await stack.seed('keyed', jane);
    await putSecret({});
    const plain = await post(await stack.container(), { sessionId: 'keyed' });

    await putSecret({ sessionHashKeys: [...secretKeys(1), { id: 'plain' }] });
    const introduced = await post(await stack.container(), { sessionId: 'keyed' });
    expect(introduced.body).toMatchObject({ enrichment: 'matched', guestId: plain.body.guestId });

    // The CRM team has seeded under the new key; the unkeyed hash goes.
    const Item = itemFromRecord(hashSession('keyed', keys(1))[0], jane);
    await stack.client.send(new PutItemCommand({ TableName: stack.crmTable, Item }));
    await putSecret({ sessionHashKeys: secretKeys(2, 1) });
    const rotated = await post(await stack.container(), { sessionId: 'keyed' });
    expect(rotated.body).toMatchObject({ enrichment: 'matched', guestId: plain.body.guestId });

    const { Items: items = [] } = await stack.client.send(new ScanCommand({ TableName: stack.guestTable }));
    expect(items.map(({ sessionHash }) => sessionHash?.S)).toContain(hashSession('keyed', keys(2))[0]);
    expect(stack.genesys.guests.size).toBe(1);
    await putSecret({});
  });
});

describe('Signed sessions', () => {
  const sign = (sessionId: string, key: string, seconds = Math.floor(Date.now() / 1000)): string =>
    `t=${seconds},v1=${createHmac('sha256', Buffer.from(key, 'base64')).update(`${seconds}.${sessionId}`).digest('hex')}`;
  const call = async (container: Parameters<typeof post>[0], signature?: string) =>
    await post(
      container,
      { sessionId: 'signed' },
      { headers: signature === undefined ? {} : { 'x-session-signature': signature } },
    );

  it('need a signature of the secret’s keys, also of one that was added since', async () => {
    await putSecret({ sessionSigningKeys: [keyOf(7)] });
    const container = await stack.container({ REQUIRE_SIGNED_SESSION: 'true' });
    expect((await call(container, sign('signed', keyOf(7)))).status).toBe(200);
    expect((await call(container)).body).toMatchObject({ status: 401, code: 'invalid_signature' });
    expect((await call(container, sign('other', keyOf(7)))).status).toBe(401);
    // The unknown signature above made it read the secret; the next such read comes after ten seconds.
    const reads = stack.secret.reads;
    expect((await call(container, sign('signed', keyOf(8)))).status).toBe(401);
    expect(stack.secret.reads).toBe(reads);

    const fresh = await stack.container({ REQUIRE_SIGNED_SESSION: 'true' });
    await putSecret({ sessionSigningKeys: [keyOf(8), keyOf(7)] });
    expect((await call(fresh, sign('signed', keyOf(8)))).status).toBe(200);
    expect((await call(fresh, sign('signed', keyOf(7)))).status).toBe(200);
    await putSecret({});
  });
});
