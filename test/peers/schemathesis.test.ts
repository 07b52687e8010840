import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, it } from '@jest/globals';
import { type LocalStack, type LocalStackOptions, startLocalStack } from '../../local/local-stack.ts';
import { describeWith } from '../support/skipped.ts';

const schemathesis = describeWith('TEST_SCHEMATHESIS', 'the program schemathesis');
const document = fileURLToPath(new URL('../../docs/api/openapi.json', import.meta.url));
/** Cases that the fuzzing phase makes; the phases before it make some fifty more. */
const examples = '150';
const seed = '1';
const longestMs = 180_000;

type Fault = Parameters<LocalStack['genesys']['control']['addFaults']>[0];

schemathesis('Requests that schemathesis makes from the API’s document', (program) => {
  let stack: LocalStack | undefined;
  const folder = mkdtempSync(join(tmpdir(), 'schemathesis-'));
  afterEach(async () => await stack?.close());
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** @returns how the program ended, and its report */
  const run = async (url: string, more: readonly string[]) =>
    await new Promise<{ readonly code: unknown; readonly report: string }>((resolve) => {
      const args = ['run', document, '--url', url, '--max-examples', examples, '--seed', seed];
      const options = { cwd: folder, timeout: longestMs };
      execFile(program, [...args, '--continue-on-failure', ...more], options, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : error.code, report: `${stdout}${stderr}` }),
      );
    });

  // A response of 5xx is what these ask for; that it is one of the document's is checked nevertheless.
  const mayFail = ['--exclude-checks', 'not_a_server_error'];
  it.each<[string, LocalStackOptions, Fault | undefined, readonly string[]]>([
    ['while all is well', {}, undefined, []],
    ['with web-messaging', { provider: 'web-messaging' }, undefined, []],
    ['of sessions that must be verified', { settings: { SESSION_VERIFICATION: 'required' } }, undefined, []],
    ['while Genesys limits', {}, { endpoint: 'guest', kind: 'limited', seconds: 90 }, []],
    ['while Genesys is down', {}, { kind: 'status', status: 503 }, mayFail],
    ['while Genesys responds with garbage', {}, { endpoint: 'guest', kind: 'garbage' }, mayFail],
  ])(
    '%s get responses that the document describes',
    async (_, options, fault, more) => {
      stack = await startLocalStack({ ...options, genesys: { apiPerMinute: null } });
      if (fault !== undefined) stack.genesys.control.addFaults(fault);
      const { code, report } = await run(new URL(stack.description.apiUrl).origin, more);
      expect([code, report]).toEqual([0, expect.stringMatching(/\d{3} generated, \d{3} passed/)]);
    },
    longestMs + 60_000,
  );
});
