import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CheckResult, report } from '../../infra/checks/check.ts';
import { smoke } from '../../infra/checks/smoke-checks.ts';
import { startGateway } from '../../local/gateway.ts';
import { listen, type RunningServer } from '../../local/http-server.ts';
import type { LambdaContainer } from '../support/lambda-container.ts';
import { type Stack, startStack } from '../support/stack.ts';

const origin = 'https://www.example.com';

let stack: Stack;
let container: LambdaContainer;
let gateway: RunningServer;

beforeAll(async () => {
  stack = await startStack();
  container = await stack.container();
  gateway = await startGateway({
    handler: async (event) => await container.invoke(event),
    edge: () => ({ origins: [origin] }),
  });
}, 60_000);
afterAll(async () => {
  // Both may be missing where starting failed: what runs must end all the same.
  await (gateway as RunningServer | undefined)?.close();
  await (stack as Stack | undefined)?.stop();
});

const statuses = (results: readonly CheckResult[]) =>
  Object.fromEntries(results.map(({ name, status }) => [name, status]));
const detail = (results: readonly CheckResult[], name: string) =>
  results.find((result) => result.name === name)?.detail;

describe('the smoke test', () => {
  it('passes on the deployed bundle, and leaves one anonymous guest behind', async () => {
    const results = await smoke({ url: gateway.url, origin });
    expect(statuses(results)).toEqual({
      registration: 'ok',
      headers: 'ok',
      'allowed origin': 'ok',
      'foreign origin': 'ok',
      errors: 'ok',
    });
    expect(stack.genesys.guests.size).toBe(1);
    expect([...stack.genesys.guests.values()][0]).toMatchObject({ name: 'Guest' });
  });

  it('takes the URL of the route as well, and tries no CORS without an origin', async () => {
    const results = await smoke({ url: `${gateway.url}/api/webchat/init/` });
    expect(statuses(results)).toMatchObject({ registration: 'ok', 'allowed origin': 'skipped' });
  });

  it('fails where the origin is not allowed', async () => {
    const results = await smoke({ url: gateway.url, origin: 'https://other.example' });
    expect(statuses(results)).toMatchObject({ registration: 'failed', 'allowed origin': 'failed' });
    expect(detail(results, 'registration')).toBe('Status 403, origin_not_allowed.');
  });

  it('fails while Genesys Cloud is down', async () => {
    stack.genesys.control.addFaults({ endpoint: 'guest', kind: 'status', status: 503 });
    try {
      const results = await smoke({ url: gateway.url, origin });
      expect(statuses(results)).toMatchObject({ registration: 'failed', headers: 'skipped', errors: 'ok' });
      expect(detail(results, 'registration')).toBe('Status 503, genesys_unavailable.');
    } finally {
      stack.genesys.control.clearFaults();
    }
  }, 30_000);

  it('waits for a queued registration', async () => {
    let asked = 0;
    const queueing = await listen((_request, response) => {
      asked += 1;
      const body =
        asked === 1
          ? { status: 'queued', retryAfterSeconds: 1 }
          : {
              guestId: 'g',
              accessToken: 't',
              expiresAt: '2026-05-15T11:23:45.123Z',
              crmAttributes: {},
              enrichment: 'not_found',
            };
      response.writeHead(asked === 1 ? 202 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
    try {
      const results = await smoke({ url: queueing.url });
      expect(statuses(results)).toMatchObject({ registration: 'ok', headers: 'failed', errors: 'failed' });
      expect(detail(await smoke({ url: queueing.url, patienceSeconds: 0 }), 'registration')).toContain(
        'registered',
      );
    } finally {
      await queueing.close();
    }
  });

  it('fails where nobody answers', async () => {
    const gone = await listen(() => {});
    await gone.close();
    const results = await smoke({ url: gone.url });
    expect(detail(results, 'registration')).toBe('The API cannot be reached.');
  });
});

describe('a report', () => {
  const results: CheckResult[] = [
    { name: 'one', status: 'ok', detail: 'fine' },
    { name: 'two', status: 'skipped', detail: 'not tried' },
  ];
  const printed = (checks: readonly CheckResult[], json: boolean) => {
    const lines: string[] = [];
    const exitCode = report('Title', checks, { json, print: (line) => lines.push(line) });
    return { exitCode, text: lines.join('\n') };
  };

  it('is a success where nothing failed', () => {
    expect(printed(results, false)).toEqual({
      exitCode: 0,
      text: 'Title\n  ok      one: fine\n  skipped two: not tried\nAll checks passed.',
    });
  });

  it('is a failure where one check failed, in JSON as well', () => {
    const failed: CheckResult[] = [...results, { name: 'three', status: 'failed', detail: 'broken' }];
    const { exitCode, text } = printed(failed, true);
    expect(exitCode).toBe(1);
    expect(JSON.parse(text)).toEqual({ title: 'Title', passed: false, checks: failed });
  });
});
