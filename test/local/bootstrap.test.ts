import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const bootstrap = fileURLToPath(new URL('../../local/bootstrap.mjs', import.meta.url));
const { optionalDependencies } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
);

/** Runs it in a Node that pretends something about itself. */
const run = (pretended: string, args: readonly string[] = []) =>
  spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(pretended)}`, bootstrap, ...args],
    { encoding: 'utf8' },
  );
const version = (text: string): string =>
  `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${text}' } });`;
const architecture = (text: string): string =>
  `Object.defineProperty(process, 'arch', { value: '${text}' });`;

describe('the bootstrap', () => {
  it('refuses an old Node with one clear sentence', () => {
    const { status, stdout, stderr } = run(version('18.20.0'));
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Node\.js 20 or newer is needed; this is 18\.20\.0\. .*\n$/);
  });

  const locked = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const onLockedPlatform = locked in optionalDependencies ? it : it.skip;
  onLockedPlatform('runs the Node of the lock file, whatever Node was called', () => {
    const { stdout, stderr } = run(version('20.0.0'), ['-p', 'process.version']);
    expect([stdout, stderr]).toEqual([`v${optionalDependencies[locked]}\n`, '']);
  });

  it('runs on the Node that is there where the lock file has none, and says so in one line', () => {
    const { status, stdout, stderr } = run(version('20.0.0') + architecture('mips'), ['-p', '1 + 1']);
    expect([status, stdout]).toEqual([0, '2\n']);
    expect(stderr).toMatch(/^This runs on the Node\.js 20\.0\.0 of this machine: .* for \w+-mips\. .*\n$/);
    expect(run(version('24.0.0') + architecture('mips'), ['-p', '1 + 1']).stderr).toBe('');
  });
});
