import { describe, expect, it } from '@jest/globals';
import { tool } from './support/tool.ts';

describe('the manual', () => {
  it('explains every command, with examples', async () => {
    const { out, code } = await tool(['--help']);
    expect(code).toBe(0);
    const commands = ['import', 'validate', 'explain', 'erase', 'hash', 'sample', 'stats'];
    for (const command of commands) {
      expect(out).toContain(`  ${command} `);
      const help = await tool([command, '--help']);
      expect(help.out).toMatch(/Examples?:\n {2}.*crm -- /);
      expect(help.code).toBe(0);
    }
  });

  it('is pointed to when a command is mistyped', async () => {
    const { code, notes } = await tool(['imprt']);
    expect(notes).toContain("unknown command 'imprt'");
    expect(code).toBe(2);
    expect((await tool(['validate', 'x', '--ttl', 'soon'])).notes).toContain('It should look like 90d');
  });
});
