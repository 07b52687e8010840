import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sampleCustomer } from '../../../crm/sample/sample-customer.ts';
import { hashSession } from '../../../lambda/guest/session-hash.ts';
import { type CrmTables, startCrmTables } from '../support/crm-tables.ts';
import { startStoreProxy } from '../support/store-proxy.ts';
import { ended, spawnTool, temporaryFolder, tool } from '../support/tool.ts';

const folder = temporaryFolder();
let tables: CrmTables;
beforeAll(async () => {
  tables = await startCrmTables();
});
afterAll(async () => {
  await tables.close();
  folder.remove();
});

const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

const hash = (sessionId: string): string => hashSession(sessionId, [])[0];

describe('an import that is interrupted', () => {
  it('killed three times and resumed, leaves a table that equals the file, with hardly a row sent twice', async () => {
    const count = 4000;
    const rows = Array.from({ length: count }, (_, row) => sampleCustomer(row, 3));
    // Some visitors come twice: the later row must win over every kill.
    const repeats = rows.slice(0, 200).map((row) => ({ ...row, tier: 'Later' }));
    const file = folder.file(
      [...rows, ...repeats].map((row) => `${JSON.stringify(row)}\n`).join(''),
      'jsonl',
    );
    const proxy = await startStoreProxy(tables.url, { latencyMs: 40 });
    const args = [
      'import',
      file,
      '--table',
      tables.crmTableName,
      '--endpoint',
      proxy.url,
      '--concurrency',
      '4',
    ];
    try {
      for (const [index, share] of [0.2, 0.45, 0.7].entries()) {
        const child = spawnTool([...args, ...(index > 0 ? ['--resume'] : [])]);
        const end = ended(child);
        await until(() => proxy.puts.size > count * share);
        child.kill('SIGKILL');
        expect((await end).signal).toBe('SIGKILL');
      }
      const last = await ended(spawnTool([...args, '--resume']));
      expect(last.notes).toContain('going on behind line');
      expect(last.out).toContain('4,200 rows of 4,000 visitors written.');
      expect(last.code).toBe(0);
    } finally {
      await proxy.close();
    }
    const all = await tables.all();
    expect(all.size).toBe(count);
    rows.forEach(({ sessionId, loyaltyPoints, newsletter, ...fields }, index) => {
      const tier = index < 200 ? 'Later' : fields.tier;
      expect(all.get(hash(sessionId))).toEqual({
        ...fields,
        tier,
        attributes: { loyaltyPoints, newsletter },
      });
    });
    const sent = [...proxy.puts.values()].reduce((sum, puts) => sum + puts, 0);
    // At each kill: what was under way, and what was done since the checkpoint was last saved.
    expect(sent - count - 200).toBeLessThan(3 * 40 * 25);
    expect(existsSync(`${file}.checkpoint.json`)).toBe(false);
  }, 60_000);

  it('by Ctrl-C ends in good order, says how to go on, and goes on', async () => {
    const rows = Array.from({ length: 3000 }, (_, row) => sampleCustomer(row, 4));
    const file = folder.file(rows.map((row) => `${JSON.stringify(row)}\n`).join(''), 'jsonl');
    const proxy = await startStoreProxy(tables.url, { latencyMs: 40 });
    const args = [
      'import',
      file,
      '--table',
      tables.crmTableName,
      '--endpoint',
      proxy.url,
      '--concurrency',
      '2',
    ];
    try {
      const child = spawnTool(args);
      const end = ended(child);
      await until(() => proxy.puts.size > 300);
      child.kill('SIGINT');
      const { code, notes } = await end;
      expect(notes).toContain('Interrupted. Repeat the command with --resume to go on.');
      expect(code).toBe(130);
      expect(JSON.parse(readFileSync(`${file}.checkpoint.json`, 'utf8')).line).toBeGreaterThanOrEqual(300);
      const before = new Map(proxy.puts);
      expect((await tool([...args, '--resume'])).code).toBe(0);
      for (const key of before.keys()) expect(proxy.puts.get(key)).toBe(1);
      expect(proxy.puts.size).toBe(3000);
    } finally {
      await proxy.close();
    }
  }, 60_000);

  it('is not resumed with a file, a target or options that have changed', async () => {
    const file = folder.file('sessionId,email\na,a@b.de\n');
    const args = ['import', file, '--table', tables.crmTableName, '--endpoint', tables.url];
    const interrupt = async () => {
      const stop = new AbortController();
      stop.abort();
      await tool(args, { signal: stop.signal });
    };
    await interrupt();
    expect((await tool([...args, '--ttl', '1d', '--resume'])).notes).toContain(
      'had another target or other options',
    );
    writeFileSync(file, 'sessionId,email\nb,b@b.de\n');
    expect((await tool([...args, '--resume'])).notes).toContain(
      'has changed since its import was interrupted',
    );
    writeFileSync(`${file}.checkpoint.json`, '{');
    expect((await tool([...args, '--resume'])).notes).toContain('is damaged: delete it');
    expect((await tool(['import', '-', ...args.slice(2), '--resume'])).notes).toContain('cannot be resumed');
  });

  it('starts from the beginning where there is nothing to resume', async () => {
    const file = folder.file('sessionId,email\nz,z@b.de\n');
    const { notes, code } = await tool(['import', file, ...tables.options, '--resume']);
    expect(notes).toContain('nothing to resume, importing from the beginning');
    expect(code).toBe(0);
  });
});
