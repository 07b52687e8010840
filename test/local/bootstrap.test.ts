import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const bootstrap = fileURLToPath(new URL('../../local/bootstrap.mjs', import.meta.url));

describe('the bootstrap', () => {
  it('refuses an old Node with one clear sentence', () => {
    const pretend = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } })`;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, bootstrap],
      { encoding: 'utf8' },
    );
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^Node\.js 20 or newer is needed; this is 18\.20\.0\. .*\n$/);
  });
});
