import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { hashSession } from '../../../lambda/guest/session-hash.ts';
import { tool } from '../support/tool.ts';

describe('hash', () => {
  it('writes the hash of each line on the same line', async () => {
    const { out, code } = await tool(['hash'], { input: 'abc\r\nZoë\nlast' });
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(out).toBe(`${sha256('abc')}\n${sha256('Zoë')}\n${sha256('last')}\n`);
    expect(code).toBe(0);
  });

  it('leaves a line empty that cannot be a session id, and ends with 1', async () => {
    const { out, code, notes } = await tool(['hash'], { input: `a\n\n${'x'.repeat(300)}\nb\n` });
    expect(out.split('\n').map((line) => line.length)).toEqual([64, 0, 0, 64, 0]);
    expect(notes).toContain('2 lines cannot be a session id');
    expect(code).toBe(1);
  });

  it('refuses an encoding that nobody knows', async () => {
    const { notes, code } = await tool(['hash', '--encoding', 'nonsense'], { input: 'a\n' });
    expect(notes).toContain('Known are utf-8');
    expect(code).toBe(2);
  });

  it('keeps pace with any number of lines', async () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => `session-${index}`);
    const { out } = await tool(['hash'], { input: ids.join('\n') });
    const hashes = out.trimEnd().split('\n');
    expect(hashes).toHaveLength(ids.length);
    expect(hashes.at(-1)).toBe(hashSession('session-19999', [])[0]);
  });
});
