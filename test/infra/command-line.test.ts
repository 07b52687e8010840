import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = fileURLToPath(new URL('../..', import.meta.url));
const out = mkdtempSync(join(tmpdir(), 'cdk-out-'));

/** Neither credentials nor any place to find them, and a proxy that refuses: nothing may leave the machine. */
const bareEnvironment = {
  PATH: `${root}node_modules/.bin:${process.env['PATH']}`,
  HOME: out,
  AWS_EC2_METADATA_DISABLED: 'true',
  HTTP_PROXY: 'http://127.0.0.1:9',
  HTTPS_PROXY: 'http://127.0.0.1:9',
  CI: 'true',
};

const run = (
  file: string,
  args: readonly string[],
): Promise<{ status: number; output: string; ms: number }> =>
  new Promise((resolve) => {
    const since = Date.now();
    execFile(
      process.execPath,
      [join(root, file), ...args],
      { cwd: root, env: bareEnvironment },
      (error, stdout, stderr) =>
        resolve({
          status: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1,
          output: stdout + stderr,
          ms: Date.now() - since,
        }),
    );
  });

/** The CDK command line; the bundles are built already, and other tests read them. */
const cdk = (...args: readonly string[]) =>
  run('node_modules/aws-cdk/bin/cdk', [...args, '--build', 'node --version', '--output', join(out, 'cdk')]);

beforeAll(async () => {
  if (existsSync(join(root, 'dist/lambda/init/index.mjs'))) return;
  const { status, output } = await run('node_modules/tsx/dist/cli.mjs', ['infra/build/bundle.ts']);
  if (status !== 0) throw new Error(output);
}, 60_000);
afterAll(() => rmSync(out, { recursive: true, force: true }));

describe('npx cdk synth', () => {
  it('makes the template of production from the built bundles, without credentials or network, in 20 s of its own', async () => {
    const { status, output, ms } = await cdk('synth', '-c', 'env=prod', '--quiet');
    expect({ status, output }).toMatchObject({ status: 0 });
    const template = JSON.parse(readFileSync(join(out, 'cdk/GuestProfiles-prod.template.json'), 'utf8'));
    expect(Object.keys(template.Outputs)).toContain('ApiUrl');
    const othersShare = Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
    expect(ms / othersShare).toBeLessThan(20_000);
  }, 60_000);

  it('says which environments there are when none is named, without a stack', async () => {
    const { status, output } = await run('node_modules/tsx/dist/cli.mjs', ['infra/app.ts']);
    expect(status).toBe(1);
    expect(output.trim()).toBe('No environment was named; use -c env=<name> with one of dev, prod, staging.');
  }, 60_000);
});
