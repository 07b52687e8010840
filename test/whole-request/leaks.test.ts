import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from '@jest/globals';
import { startOverflow } from '../support/overflow.ts';
import { post, startStack } from '../support/stack.ts';

const sessionId = 'RAW-session-4711';
const jane = {
  email: 'jane.leak@example.com',
  firstName: 'Janeleak',
  tier: 'Tierleak',
  previousTickets: 12,
  crmId: 'crm-leak-1',
  attributes: { phone: '+49-leak-123' },
};
const signingKey = Buffer.alloc(32, 5).toString('base64');

describe('Nothing personal, no token and no secret', () => {
  it('is in anything that both functions emit, whatever goes wrong', async () => {
    const stack = await startStack({
      INIT_BUDGET_MS: '1200',
      GENESYS_TIMEOUT_MS: '800',
      EXPOSED_CRM_ATTRIBUTES: 'tier',
      LOG_LEVEL: 'TRACE',
    });
    const overflow = await startOverflow();
    await stack.putSecret({ sessionSigningKeys: [signingKey] });
    await stack.seed(sessionId, jane);
    const container = await stack.container(overflow.environment);
    const { control } = stack.genesys;
    const bodies: string[] = [];
    const call = async (body: object = {}, headers: Record<string, string> = {}) => {
      const answer = await post(container, { sessionId, ...body }, { headers });
      bodies.push(JSON.stringify({ ...answer.body, accessToken: undefined }));
      if (answer.body?.accessToken !== undefined) guestTokens.push(answer.body.accessToken);
    };
    const guestTokens: string[] = [];
    const echo = {
      message: `${jane.email} ${jane.firstName} ${stack.credentials.clientSecret}`,
      code: 'bad.request',
    };

    await call();
    await call({ consentType: 'implicit' });
    await call({ consentType: sessionId });
    await call({}, { Origin: `https://${sessionId}.example`, 'X-Session-Signature': sessionId });
    for (const fault of [
      { kind: 'status', status: 400, body: echo },
      { kind: 'status', status: 403, body: { ...echo, cause: `missing scope ${jane.email}` } },
      { kind: 'status', status: 500, body: echo },
      { kind: 'garbage-after' },
      { kind: 'reset-after' },
      { kind: 'hang' },
      { kind: 'limited', seconds: 60 },
    ] as const) {
      // Another consent each time, so that a guest is needed.
      for (const endpoint of ['guest', 'guest_token'] as const) {
        control.addFaults({ endpoint, ...fault });
        await call({ consentType: endpoint === 'guest' ? 'explicit' : 'implicit' });
        control.clearFaults();
      }
    }
    control.change({ clientSecret: 'changed' });
    control.revokeTokens();
    await call();

    const { Items: items } = await stack.client.send(new ScanCommand({ TableName: stack.guestTable }));
    const bearers = stack.genesys.calls.map(({ headers }) => String(headers['authorization'] ?? '').slice(7));
    const emitted = {
      logs: stack.output(),
      answers: bodies.join('\n'),
      urls: stack.genesys.calls.map(({ path }) => path).join('\n'),
      queue: JSON.stringify(await overflow.receive()),
      registry: JSON.stringify(items),
    };
    await stack.stop();
    await overflow.close();

    expect(guestTokens.length).toBeGreaterThan(0);
    expect(emitted.logs.length).toBeGreaterThan(5000);
    const secrets = [
      sessionId,
      jane.email,
      'Janeleak',
      'crm-leak-1',
      '+49-leak-123',
      stack.credentials.clientSecret,
      signingKey,
      ...guestTokens,
      ...new Set(bearers.filter((bearer) => bearer.length > 10)),
    ];
    for (const [where, text] of Object.entries(emitted)) {
      expect([where, secrets.filter((needle) => text.includes(needle))]).toEqual([where, []]);
    }
    // The tier is exposed on purpose: it may be in an answer, and nowhere else.
    expect(emitted.answers).toContain('Tierleak');
    expect(`${emitted.logs}${emitted.urls}${emitted.queue}${emitted.registry}`).not.toContain('Tierleak');
  }, 40_000);
});

describe('The bundles', () => {
  it.each(['init', 'drain'])('%s is small enough to start fast, with everything in it', (name) => {
    const file = readFileSync(new URL(`../../dist/lambda/${name}/index.mjs`, import.meta.url));
    expect(file.length).toBeLessThanOrEqual(430_000);
    expect(gzipSync(file, { level: 9 }).length).toBeLessThanOrEqual(140_000);
    const imports = [...file.toString().matchAll(/(?:^|;|\n)import[^;]*?from"([^"]+)"/g)].map(
      ([, from]) => from,
    );
    expect(imports).toEqual([]);
  });
});
