import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { CheckResult } from '../../infra/checks/check.ts';
import { examplesLeft, preflight } from '../../infra/checks/preflight-checks.ts';
import { type GenesysSimulator, startGenesysSimulator } from '../../local/genesys-simulator.ts';
import { type SecretsManager, startSecretsManager } from '../../local/secrets-manager.ts';

const credentials = { clientId: 'preflight-client', clientSecret: 'preflight-secret-value' };
const externalIdKey = Buffer.alloc(32, 7).toString('base64');
const filled = JSON.stringify({ ...credentials, externalIdKey });
const folder = mkdtempSync(join(tmpdir(), 'preflight-'));

let genesys: GenesysSimulator;
let secrets: SecretsManager;

/** What `npm start` writes. */
const writeStackFile = (provider: string): void => {
  mkdirSync(join(folder, '.local'), { recursive: true });
  writeFileSync(
    join(folder, '.local/stack.json'),
    JSON.stringify({
      region: 'us-east-1',
      endpoints: { dynamodb: 'http://127.0.0.1:9', secretsManager: secrets.url, genesys: genesys.url },
      tables: { crm: 'crm', guests: 'guests' },
      secretId: 'genesys',
      provider,
      externalSourceId: '2d1b7c1e-5c5a-4c8e-9d59-0d3f4a2f9a11',
    }),
  );
};

beforeAll(async () => {
  genesys = await startGenesysSimulator({ credentials });
  secrets = await startSecretsManager({ secrets: { genesys: filled } });
});
afterAll(async () => {
  await Promise.all([genesys.close(), secrets.close()]);
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
  secrets.put('genesys', filled);
  secrets.setFault({});
  genesys.control.reset();
  genesys.control.change({
    scopes: ['webchat:guest:write', 'webchat:token:write'],
    permissions: ['externalContacts:contact:enrich'],
  });
});

const run = async (provider: 'webchat-v1' | 'web-messaging' = 'webchat-v1') => {
  writeStackFile(provider);
  const results = await preflight({ env: 'local' }, folder);
  return {
    results,
    failed: results.filter(({ status }) => status === 'failed').map(({ name, detail }) => ({ name, detail })),
    of: (name: string): CheckResult | undefined => results.find((result) => result.name === name),
  };
};

describe('preflight', () => {
  it.each(['webchat-v1', 'web-messaging'] as const)(
    'passes where everything is ready for %s, and creates nothing',
    async (provider) => {
      const { failed, of } = await run(provider);
      expect(failed).toEqual([]);
      expect(of('quota')?.detail).toMatch(/^\d+ of 300 calls used/);
      expect(genesys.guests.size).toBe(0);
      expect(genesys.contacts.size).toBe(0);
    },
  );

  it('says that the stack is not there', async () => {
    const results = await preflight({ env: 'local' }, join(folder, 'nowhere'));
    expect(results.find(({ name }) => name === 'stack')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('npm start'),
    });
    expect(results.filter(({ status }) => status === 'skipped').map(({ name }) => name)).toEqual([
      'secret',
      'login',
      'permissions',
      'quota',
    ]);
  });

  it('says that the secret still is the placeholder of the stack', async () => {
    secrets.put(
      'genesys',
      JSON.stringify({ clientId: 'REPLACE_ME', clientSecret: 'REPLACE_ME', placeholder: 'x' }),
    );
    const { failed, of } = await run();
    expect(failed).toEqual([{ name: 'secret', detail: expect.stringContaining('clientId') }]);
    expect(of('login')?.status).toBe('skipped');
  });

  it('says that the secret is malformed, without a value of it', async () => {
    secrets.put('genesys', '{"clientId":"only-this-one"');
    const { failed } = await run();
    expect(failed.map(({ name }) => name)).toEqual(['secret']);
    expect(JSON.stringify(failed)).not.toContain('only-this-one');
  });

  it('says that web-messaging lacks its key', async () => {
    secrets.put('genesys', JSON.stringify(credentials));
    expect((await run('web-messaging')).failed).toEqual([
      { name: 'secret', detail: 'Provider web-messaging needs externalIdKey in the secret.' },
    ]);
  });

  it('says that Genesys refuses the credentials, without naming them', async () => {
    secrets.put('genesys', JSON.stringify({ ...credentials, clientSecret: 'an-old-secret-value' }));
    const { failed, results } = await run();
    expect(failed.map(({ name }) => name)).toContain('login');
    expect(JSON.stringify(results)).not.toMatch(/an-old-secret-value|preflight-client/);
  });

  it.each(['webchat:guest:write', 'webchat:token:write'])('says that %s is missing', async (missing) => {
    const scopes = ['webchat:guest:write', 'webchat:token:write'].filter((scope) => scope !== missing);
    genesys.control.change({ scopes });
    const { failed } = await run();
    expect(JSON.stringify(failed)).toContain(missing);
  });

  it('says that the role may not enrich contacts', async () => {
    genesys.control.change({ permissions: [] });
    expect((await run('web-messaging')).failed).toEqual([
      { name: 'permissions', detail: 'The OAuth client lacks externalContacts:contact:enrich.' },
    ]);
  });

  it('names the example values that a fresh clone has', () => {
    expect(examplesLeft('prod')).toEqual(['https://www.example.com', 'operations@example.com']);
    expect(examplesLeft('local')).toEqual([]);
  });

  it.each(['preflight', 'smoke'])('%s explains itself, and exits with 2 for wrong options', async (tool) => {
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const start = (args: string[]) =>
      new Promise<{ code: unknown; text: string }>((resolve) => {
        execFile(
          process.execPath,
          ['--import', 'tsx', `infra/${tool}.ts`, ...args],
          { cwd: root },
          (error, stdout, stderr) => resolve({ code: error?.code ?? 0, text: stdout + stderr }),
        );
      });
    const [help, wrong] = await Promise.all([start(['--help']), start(['--nonsense'])]);
    expect(help).toMatchObject({
      code: 0,
      text: expect.stringContaining('Exit code: 0 when all checks passed'),
    });
    expect(wrong.code).toBe(2);
  });
});
