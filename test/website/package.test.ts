import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { publint } from 'publint';
import { type BuiltFile, buildClientAlone, buildWebsite } from '../../infra/build/website.ts';
import { listen } from '../../local/http-server.ts';
import type { StackFile } from '../../local/stack-file.ts';
import { startBrowser } from '../support/browser.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const npmEnvironment = { ...process.env, npm_config_update_notifier: 'false', npm_config_offline: 'true' };

describe('the package for websites', () => {
  let folder: string;
  let dist: string;
  let tarball: string;
  let built: readonly BuiltFile[];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'package-'));
    dist = `${folder}/dist/`;
    built = await buildWebsite(dist);
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: dist,
      env: npmEnvironment,
    });
    const packed = JSON.parse(stdout);
    tarball = join(folder, (Array.isArray(packed) ? packed[0] : Object.values(packed)[0]).filename);
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('holds module, classic script, types, their source maps and nothing else', async () => {
    const { stdout } = await run('tar', ['-tzf', tarball]);
    expect(stdout.trim().split('\n').sort()).toEqual(
      [
        'README.md',
        'guest-profiles.d.ts',
        'guest-profiles.js',
        'guest-profiles.js.map',
        'guest-profiles.mjs',
        'guest-profiles.mjs.map',
        'package.json',
      ].map((name) => `package/${name}`),
    );
    for (const { name } of built) {
      const map = JSON.parse(readFileSync(`${dist}${name}.map`, 'utf8'));
      expect(map.sources.join()).toContain('website/client/guest-client.ts');
      expect(map.sourcesContent.join()).toContain('createGuestClient');
      expect(map.mappings.length).toBeGreaterThan(1000);
      expect(map.sources.join()).not.toContain(root);
    }
  });

  it('is approved by publint', async () => {
    const { messages } = await publint({ pkgDir: dist, strict: true, pack: false });
    expect(messages).toEqual([]);
  });

  it('has right types, says are-the-types-wrong, for bundlers and for Node', async () => {
    const checked = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))));
    // It is an ES module alone: CommonJS and the oldest resolution are left to bundlers.
    const problems = checked.types
      ? checked.problems.filter(
          (problem) =>
            !('resolutionKind' in problem) || !['node10', 'node16-cjs'].includes(problem.resolutionKind),
        )
      : ['no types'];
    // The classic script is no module and has no types of its own.
    expect(problems.filter((problem) => !JSON.stringify(problem).includes('guest-profiles.js'))).toEqual([]);
  });

  it('has integrity hashes that a browser accepts, and weighs no more than size-limit allows', async () => {
    await buildClientAlone(`${folder}/weighed/`);
    const limits = JSON.parse(readFileSync(`${root}.size-limit.json`, 'utf8')).map(
      (limit: { path: string }) => ({
        ...limit,
        path: limit.path.replace(/^dist\/(website\/)?/, (_, own) => (own ? 'dist/' : '')),
      }),
    );
    writeFileSync(`${folder}/.size-limit.json`, JSON.stringify(limits));
    writeFileSync(
      `${folder}/package.json`,
      JSON.stringify({ name: 'weighed', devDependencies: { '@size-limit/file': '*', 'size-limit': '*' } }),
    );
    const { stdout } = await run(
      process.execPath,
      [`${root}node_modules/size-limit/bin.js`, '--json', '--config', `${folder}/.size-limit.json`],
      { cwd: root },
    );
    const weights: { name: string; passed: boolean; size: number }[] = JSON.parse(stdout);
    expect(weights.map(({ passed }) => passed)).toEqual([true, true, true]);
    expect(weights[0]?.size).toBeGreaterThan(2000);
    expect(weights[0]?.size).toBeLessThanOrEqual(2500);
    for (const { integrity } of built) expect(integrity).toMatch(/^sha384-[\w+/]{64}$/);
  }, 60_000);

  it('works in a website outside the repository, on another port, against `npm start`', async () => {
    const site = mkdtempSync(join(tmpdir(), 'shop-'));
    const stackFile = join(site, 'stack.json');
    const stack = spawn(
      process.execPath,
      ['--import', 'tsx', 'local/start.ts', '--port', '0', '--json', '--stack-file', stackFile],
      { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      await new Promise<void>((resolve, reject) => {
        let output = '';
        stack.stdout.on('data', (chunk) => {
          output += chunk;
          if (output.includes('"message":"ready"')) resolve();
        });
        stack.once('close', () => reject(new Error(`It ended: ${output}`)));
      });
      const { apiUrl }: StackFile = JSON.parse(readFileSync(stackFile, 'utf8'));
      writeFileSync(join(site, 'package.json'), '{ "name": "shop", "private": true, "type": "module" }');
      await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', tarball], {
        cwd: site,
        env: npmEnvironment,
      });
      writeFileSync(
        join(site, 'shop.js'),
        `import { createGuestClient } from 'guest-profiles-client';
const client = createGuestClient({ endpoint: ${JSON.stringify(apiUrl)}, sessionId: 'demo-jane' });
document.querySelector('button').addEventListener('click', async () => {
  const { crmAttributes } = await client.init({ consentGiven: true });
  document.querySelector('output').value = 'Hello ' + crmAttributes.firstName;
});`,
      );
      mkdirSync(join(site, 'public'));
      cpSync(`${dist}guest-profiles.js`, join(site, 'public/guest-profiles.js'));
      await build({
        entryPoints: [join(site, 'shop.js')],
        bundle: true,
        format: 'esm',
        outdir: join(site, 'public'),
      });
      const { integrity } = built.find(({ name }) => name === 'guest-profiles.js') ?? {};
      const html = `<!doctype html><title>Shop</title><link rel="icon" href="data:,"><button>Chat</button><output></output>
<script src="/guest-profiles.js" integrity="${integrity}"></script><script type="module" src="/shop.js"></script>`;
      const server = await listen(
        createServer(({ url = '/' }, response) => {
          const isPage = url === '/';
          response.writeHead(200, { 'content-type': isPage ? 'text/html' : 'text/javascript' });
          response.end(isPage ? html : readFileSync(join(site, 'public', url)));
        }),
      );
      const browser = await startBrowser();
      try {
        const page = await browser.newPage();
        await page.goto(server.url.replace('127.0.0.1', 'localhost'));
        await page.getByRole('button', { name: 'Chat' }).click();
        await page.getByText('Hello Jane').waitFor();
        expect(await page.evaluate('typeof GuestProfiles.createGuestClient')).toBe('function');
      } finally {
        await browser.close();
        await server.close();
      }
    } finally {
      stack.kill('SIGTERM');
      await new Promise((resolve) => stack.once('close', resolve));
      rmSync(site, { recursive: true, force: true });
    }
  }, 120_000);
});
