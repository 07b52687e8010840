import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { checkConcurrency, explainCredentials, judgeConcurrency } from '../../infra/checks/account-checks.ts';
import { type CheckResult, report } from '../../infra/checks/check.ts';
import { judgeSettings, preflight } from '../../infra/checks/preflight-checks.ts';
import { settingsOf } from '../../infra/environments.ts';
import { checkSettings, type Settings } from '../../infra/settings.ts';
import { type GenesysSimulator, startGenesysSimulator } from '../../local/genesys-simulator.ts';
import { listen } from '../../local/http-server.ts';
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

const settings = (changes: object = {}): Settings =>
  checkSettings('test', { region: 'eu-central-1', allowedOrigins: ['https://shop.test'], ...changes });

const run = async (
  provider: 'webchat-v1' | 'web-messaging' = 'webchat-v1',
  asked: Settings | undefined = undefined,
) => {
  writeStackFile(provider);
  const results = await preflight({ env: 'local' }, asked, folder);
  return {
    results,
    failed: results.filter(({ status }) => status === 'failed').map(({ name, detail }) => ({ name, detail })),
    of: (name: string): CheckResult | undefined => results.find((result) => result.name === name),
  };
};

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Without credentials, nor any place to find them. */
const bare = { PATH: process.env['PATH'], HOME: folder, AWS_EC2_METADATA_DISABLED: 'true' };
const start = (tool: string, args: string[]) =>
  new Promise<{ code: unknown; text: string }>((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', `infra/${tool}.ts`, ...args],
      { cwd: root, env: bare },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, text: stdout + stderr }),
    );
  });

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
    const results = await preflight({ env: 'local' }, undefined, join(folder, 'nowhere'));
    expect(results.find(({ name }) => name === 'stack')).toMatchObject({
      status: 'failed',
      detail: expect.stringContaining('npm start'),
    });
    expect(results.filter(({ status }) => status === 'skipped').map(({ name }) => name)).toEqual([
      'secret',
      'login',
      'permissions',
      'quota',
      'resolve',
    ]);
  });

  it('says that the secret still is the placeholder of the stack', async () => {
    secrets.put(
      'genesys',
      JSON.stringify({ clientId: 'REPLACE_ME', clientSecret: 'REPLACE_ME', placeholder: 'x' }),
    );
    const { results, failed, of } = await run();
    expect(failed).toEqual([]);
    expect(of('secret')).toMatchObject({
      status: 'todo',
      detail: expect.stringMatching(/clientId.*Next: .*FillSecretCommand/),
    });
    expect(of('login')?.status).toBe('skipped');
    // A pipeline tells a first deployment from a broken one by this code.
    expect(report('Preflight', results, { json: true, print: () => undefined })).toBe(3);
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

  it('says that settings ask for keys which the secret does not have', async () => {
    expect((await run('webchat-v1', settings({ requireKeyedHashes: true }))).failed).toEqual([
      { name: 'secret', detail: expect.stringContaining('needs sessionHashKeys') },
    ]);
    const signed = settings({ variables: { REQUIRE_SIGNED_SESSION: 'true' } });
    expect((await run('webchat-v1', signed)).failed).toEqual([
      { name: 'secret', detail: expect.stringContaining('no sessionSigningKeys') },
    ]);
  });

  it('names the example values that a fresh clone has, and the steps that are left', () => {
    expect(() => judgeSettings(settingsOf('prod'))).toThrow(
      'config/prod.json still has the examples https://www.example.com, on-call@example.com, operations@example.com.',
    );
    expect(() => judgeSettings(settings({ keepData: true }))).toThrow(/Next: set "protect": true/);
    expect(judgeSettings(settings())).toBe('no example values left');
  });

  it('says before a deployment whether the account allows the concurrency', () => {
    expect(judgeConcurrency(settings(), 10, 10)).toContain('nothing is reserved');
    expect(judgeConcurrency(settings({ reservedConcurrency: 50 }), 1000, 900)).toBe(
      '52 of 900 can be reserved',
    );
    expect(() => judgeConcurrency(settings({ reservedConcurrency: 10 }), 10, 10)).toThrow(
      /12 cannot be reserved\. Ask for a larger quota/,
    );
    expect(() => judgeConcurrency(settings({ reservedConcurrency: 899 }), 1000, 1000)).toThrow(/901 cannot/);
  });

  it('gives up an AWS that says nothing, instead of waiting for ever', async () => {
    const silence = await listen(createServer(() => jest.advanceTimersByTime(60_000)));
    process.env['AWS_ENDPOINT_URL_LAMBDA'] = silence.url;
    process.env['AWS_MAX_ATTEMPTS'] = '1';
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    try {
      const access = {
        region: 'eu-central-1',
        credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      };
      await expect(checkConcurrency(settings(), access)).rejects.toMatchObject({ name: 'TimeoutError' });
    } finally {
      jest.useRealTimers();
      delete process.env['AWS_ENDPOINT_URL_LAMBDA'];
      delete process.env['AWS_MAX_ATTEMPTS'];
      await silence.close();
    }
  });

  it('tells absent credentials from refused ones', () => {
    const named = (name: string) => Object.assign(new Error('x'), { name });
    expect(() => explainCredentials(named('CredentialsProviderError'))).toThrow(
      /^There are no AWS credentials/,
    );
    expect(() => explainCredentials(named('UnrecognizedClientException'))).toThrow(/^AWS refused/);
    expect(() => explainCredentials(named('AccessDeniedException'))).toThrow(
      /lack a permission.*DeployerPolicyArn/,
    );
  });

  it('refuses an environment that does not exist, and lists those that do', async () => {
    expect(await start('preflight', ['--env', 'qa'])).toMatchObject({
      code: 2,
      text: expect.stringContaining(
        'Environment qa is not known; use -c env=<name> with one of dev, prod, staging.',
      ),
    });
  });

  it('says without credentials that there are none, by the region of the environment', async () => {
    const { code, text } = await start('preflight', ['--env', 'dev']);
    expect(code).toBe(1);
    expect(text).toMatch(/FAILED {2}stack: There are no AWS credentials/);
  });

  it.each(['preflight', 'smoke'])('%s explains itself, and exits with 2 for wrong options', async (tool) => {
    const [help, wrong] = await Promise.all([start(tool, ['--help']), start(tool, ['--nonsense'])]);
    expect(help).toMatchObject({
      code: 0,
      text: expect.stringContaining('Exit code: 0 when all checks passed'),
    });
    expect(wrong.code).toBe(2);
  });
});
