import { afterAll, describe, expect, it } from '@jest/globals';
import { temporaryFolder, tool } from '../support/tool.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

describe('sample', () => {
  it('makes the same valid customers for the same seed, others for another', async () => {
    const first = await tool(['sample', '--rows', '500']);
    expect(first.out).toBe((await tool(['sample', '--rows', '500'])).out);
    expect(first.out).not.toBe((await tool(['sample', '--rows', '500', '--seed', '2'])).out);
    const checked = await tool(['validate', folder.file(first.out), '--json']);
    expect(JSON.parse(checked.out).files[0]).toMatchObject({
      rows: 500,
      accepted: 500,
      repeated: 0,
      remarks: [],
    });
  });

  it('makes the same customers as CSV and as JSON Lines', async () => {
    const csv = (await tool(['sample', '--rows', '3'])).out.trimEnd().split('\n').slice(1);
    const lines = (await tool(['sample', '--rows', '3', '--format', 'jsonl'])).out.trimEnd().split('\n');
    expect(lines.map((line) => Object.values(JSON.parse(line)).join(','))).toEqual(csv);
  });
});
