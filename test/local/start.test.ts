import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { demoVisitors } from '../../local/demo-visitors.ts';
import { listen } from '../../local/http-server.ts';
import type { StackFile } from '../../local/stack-file.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

// Processes and browsers of their own take their time on a busy machine.
jest.setTimeout(120_000);

describe('npm start', () => {
  let folder: string;
  let stackFile: string;
  const children: ChildProcess[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'start-'));
    stackFile = join(folder, 'stack.json');
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const start = (args: readonly string[], env: Record<string, string> = {}) => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'local/start.ts', '--stack-file', stackFile, ...args],
      { cwd: root, env: { PATH: process.env['PATH'], ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    children.push(child);
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      output.stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output.stderr += chunk;
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const ready = new Promise<void>((resolve, reject) => {
      child.stdout.on('data', () => {
        if (/"message":"ready"|Ctrl-C ends everything/.test(output.stdout)) resolve();
      });
      child.on('close', () => reject(new Error(`It ended: ${output.stderr}${output.stdout}`)));
    });
    ready.catch(() => undefined);
    return { child, output, ended, ready };
  };

  const post = async (apiUrl: string, body: unknown) => {
    const answer = await fetch(apiUrl, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: await answer.json() };
  };

  const corsOf = async (apiUrl: string, origin: string) => {
    const { headers } = await fetch(apiUrl, { method: 'OPTIONS', headers: { Origin: origin } });
    return headers.get('access-control-allow-origin');
  };

  it('serves every demo visitor, tells other tools where it is, and ends on Ctrl-C', async () => {
    const { child, output, ended, ready } = start(['--port', '0', '--json']);
    await ready;
    const stack: StackFile = JSON.parse(readFileSync(stackFile, 'utf8'));
    expect(JSON.parse(output.stdout.split('\n')[0] ?? '')).toEqual({ message: 'ready', ...stack });
    const expected: Record<string, string> = {
      'demo-jane': 'matched',
      'demo-nameless': 'matched',
      'demo-attributes': 'matched',
      'demo-unknown': 'not_found',
      'demo-no-consent': 'no_consent',
      'demo-expired': 'not_found',
      'demo-broken': 'not_found',
    };
    expect(demoVisitors.map(({ sessionId }) => sessionId)).toEqual(Object.keys(expected));
    for (const { sessionId, consentGiven } of demoVisitors) {
      const { status, body } = await post(stack.apiUrl, { sessionId, consentGiven });
      expect([status, body]).toMatchObject([200, { enrichment: expected[sessionId] }]);
    }
    expect(await corsOf(stack.apiUrl, 'http://localhost:5173')).toBe('http://localhost:5173');
    const jane = await post(stack.apiUrl, { sessionId: 'demo-jane' });
    expect(jane.body.crmAttributes).toEqual({ firstName: 'Jane', tier: 'Enterprise', previousTickets: 12 });
    const guests = (await (await fetch(`${stack.endpoints.genesys}/_control/guests`)).json()) as {
      guests: { name: string; attributes: unknown }[];
    };
    expect(guests.guests.map(({ name }) => name)).toContain('Anonymous Visitor');
    expect(guests.guests.map(({ attributes }) => attributes)).toContainEqual(
      expect.objectContaining({ preferredLanguage: 'fr', vip: true }),
    );

    const endingAt = performance.now();
    child.kill('SIGINT');
    expect(await ended).toBe(0);
    expect(performance.now() - endingAt).toBeLessThan(10_000);
    expect(existsSync(stackFile)).toBe(false);
    expect(output.stderr).toBe('');
    expect(output.stdout).not.toContain('demo-jane"');
  });

  it('runs provider web-messaging, keeps its data, fails on demand, and speaks to people', async () => {
    const args = ['--port', '0', '--provider', 'web-messaging', '--data', join(folder, 'data')];
    const first = start(args, { ALLOWED_ORIGINS: 'http://localhost:5173' });
    await first.ready;
    const { url, apiUrl, endpoints }: StackFile = JSON.parse(readFileSync(stackFile, 'utf8'));
    for (const origin of [url, 'http://localhost:5173']) expect(await corsOf(apiUrl, origin)).toBe(origin);
    expect(await corsOf(apiUrl, 'http://localhost:9999')).toBeNull();
    const opened = await post(apiUrl, { sessionId: 'demo-jane' });
    expect(opened).toMatchObject({
      status: 200,
      body: { enrichment: 'matched', messaging: { websocketUrl: expect.stringMatching(/^ws:/) } },
    });
    const calls = await (await fetch(`${endpoints.genesys}/_control/calls`)).json();
    expect(calls).toMatchObject({ counts: { oauth: 0, enrich: 0, guest: 0 } });
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(first.output.stdout).toContain(`curl -s ${apiUrl}`);
    expect(first.output.stdout).toMatch(/info {3}The visitor was issued a guest and a token\./);
    expect(first.output.stdout).not.toContain('_aws');

    const second = start([...args, '--genesys-fault', '*=500']);
    await second.ready;
    const again: StackFile = JSON.parse(readFileSync(stackFile, 'utf8'));
    const reopened = await post(again.apiUrl, { sessionId: 'demo-jane' });
    expect(reopened.body.guestId).toBe(opened.body.guestId);
    const { status } = await fetch(`${again.endpoints.genesys}/oauth/token`, { method: 'POST' });
    expect(status).toBe(500);
    const undisturbed = await post(again.apiUrl, { sessionId: 'demo-attributes' });
    expect(undisturbed).toMatchObject({ status: 200, body: { enrichment: 'matched' } });
    second.child.kill('SIGINT');
    await second.ended;
  });

  describe('ends with one clear sentence', () => {
    const refusal = async (args: readonly string[], env: Record<string, string> = {}): Promise<string> => {
      const { output, ended } = start(args, env);
      expect(await ended).toBe(1);
      const lines = output.stderr.trimEnd().split('\n');
      expect(lines).toHaveLength(1);
      return lines[0] ?? '';
    };

    it('when the port is in use', async () => {
      const taken = await listen(createServer());
      const sentence = await refusal(['--port', String(taken.port)]).finally(() => taken.close());
      expect(sentence).toBe(
        `Port ${taken.port} is in use; stop what uses it or choose another port with --port or PORT.`,
      );
    });

    it('when the data folder is damaged', async () => {
      const data = join(folder, 'damaged');
      mkdirSync(join(data, 'dynamodb'), { recursive: true });
      writeFileSync(join(data, 'dynamodb', 'CURRENT'), 'garbage\n');
      expect(await refusal(['--port', '0', '--data', data])).toMatch(/^The data folder .* cannot be read/);
    });

    it('when an option is wrong', async () => {
      expect(await refusal([], { PORT: 'http' })).toMatch(/PORT.*whole number from 0 to 65535/);
    });

    it('when a fault has no known endpoint', async () => {
      expect(await refusal(['--genesys-fault', 'guests=503'])).toMatch(/It must be <endpoint>=<kind>/);
    });

    it('when an attribute takes a name of resolve itself', async () => {
      const env = { ATTRIBUTE_MAP: '{"email":"tier"}' };
      expect(await refusal(['--port', '0', '--provider', 'web-messaging'], env)).toMatch(
        /ATTRIBUTE_MAP must not use the fixed names email/,
      );
    });

    it('when a setting of the function is wrong', async () => {
      expect(await refusal(['--port', '0'], { LOG_LEVEL: 'LOUD' })).toMatch(
        /LOG_LEVEL must be one of TRACE, DEBUG/,
      );
    });
  });
});
