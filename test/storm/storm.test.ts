import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import type { Mutation } from './prove.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/** `npm run storm` as a developer runs it. Rejects with its output where a promise breaks. */
const storm = async (...options: string[]): Promise<string> => {
  const [, ...program] = scripts.storm.split(' ');
  const { stdout } = await promisify(execFile)(process.execPath, [...program, ...options], { cwd: root });
  return stdout;
};

describe('the storm', () => {
  test('a thousand sessions under faults break no promise', async () => {
    const told = await storm('--seed', '1', '--sessions', '1000');
    expect(told).toMatch(/^1000 sessions in 40 worlds from seed 1: .*; 0 worlds with a broken promise/);
  }, 600_000);

  test('the same seed gives the same trace, to the byte', async () => {
    const [once, again] = await Promise.all([
      storm('--seed', '8', '--trace'),
      storm('--seed', '8', '--trace'),
    ]);
    expect(once.length).toBeGreaterThan(10_000);
    expect(again).toBe(once);
  }, 300_000);

  test('the same seeds give the same traces, however many processes share them', async () => {
    const seeds = ['--seed', '1121', '--sessions', '250'];
    const alone = await storm(...seeds, '--jobs', '1');
    expect(alone).toMatch(/trace [0-9a-f]{16}/);
    expect(await storm(...seeds, '--jobs', '2')).toBe(alone);
  }, 300_000);

  test('failures that were found before stay away', async () => {
    expect(await storm('--regressions')).not.toContain('broken');
  }, 300_000);

  test('every known defect can be put back: each text that it replaces is in its file once', () => {
    const mutations: readonly Mutation[] = JSON.parse(
      readFileSync(`${root}test/storm/mutations.json`, 'utf8'),
    );
    const found = mutations.flatMap(({ name, edits = [] }) =>
      edits.map(({ file, text }) => ({
        name,
        file,
        times: readFileSync(`${root}${file}`, 'utf8').split(text).length - 1,
      })),
    );
    expect(found.length).toBeGreaterThan(0);
    expect(found.filter(({ times }) => times !== 1)).toEqual([]);
  });

  test('a known defect that is put back is caught', async () => {
    const told = await storm('--prove', 'freeze', '--sessions', '400');
    expect(told).toContain('caught  freeze-taken-for-a-failure');
  }, 600_000);
});
