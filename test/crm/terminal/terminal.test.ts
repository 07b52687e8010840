import { basename } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { onTerminal } from '../support/pseudo-terminal.ts';
import { temporaryFolder } from '../support/tool.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

describe('the terminal is never garbled', () => {
  it.each([80, 120])(
    'at %i columns: rejects stand above the bar, the summary alone',
    async (columns) => {
      const rows = Array.from({ length: 60_000 }, (_, index) =>
        index % 6_000 === 0 ? `s${index},broken\n` : `s${index},a${index}@example.com\n`,
      );
      const file = folder.file(`sessionId,email\n${rows.join('')}`);
      const lines = await onTerminal(['validate', file], columns);
      // Long paths wrap: what belongs together is read as one text.
      const text = lines.join('').replaceAll(/ {2,}/g, ' ');
      const rejects = Array.from({ length: 10 }, (_, index) => `line ${index * 6_000 + 2}: email must be`);
      for (const reject of rejects) expect(text).toContain(reject);
      expect(lines.join('\n')).not.toMatch(/[█░▓]/);
      const summary = lines.findIndex(
        (line) => line.includes(`${basename(file)}: 60,000 rows in`) || line.includes('60,000 rows in'),
      );
      expect(summary).toBeGreaterThan(0);
      const after = lines.slice(summary + 1).map((line) => line.trim());
      expect(after[0]).toBe('59,990 valid');
      expect(after[1]).toMatch(/^10 rejected: mend them in /);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    },
    120_000,
  );

  it('lines that are longer than the terminal is wide are whole', async () => {
    const rows = Array.from({ length: 60_000 }, (_, index) =>
      index === 30_000 ? 'x,a@example.com,x,y,z\n' : `s${index},a@example.com\n`,
    );
    const lines = await onTerminal(['validate', folder.file(`sessionId,email\n${rows.join('')}`)], 40);
    expect(lines.join('\n')).not.toMatch(/[█░▓]/);
    const text = lines.join('').replaceAll(' ', '');
    expect(text).toContain('line30002:rowhas5cells,theheaderhas2');
    expect(text).toContain('59,999valid');
  }, 120_000);
});
