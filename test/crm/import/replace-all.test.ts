import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KnownHashes } from '../../../crm/import/known-hashes.ts';
import { itemFromRecord } from '../../../lambda/aws/crm-item.ts';
import { hashSession, type SessionHashKey } from '../../../lambda/guest/session-hash.ts';
import { startSecretsManager } from '../../../local/secrets-manager.ts';
import { type CrmTables, startCrmTables } from '../support/crm-tables.ts';
import { startStoreProxy } from '../support/store-proxy.ts';
import { temporaryFolder, tool } from '../support/tool.ts';

const folder = temporaryFolder();
let tables: CrmTables;
beforeEach(async () => {
  tables = await startCrmTables();
});
afterEach(async () => await tables.close());
afterAll(() => folder.remove());

const hash = (sessionId: string): string => hashSession(sessionId, [])[0];
const csv = (ids: readonly string[]): string =>
  folder.file(`sessionId,email\n${ids.map((id) => `${id},${id}@b.de\n`).join('')}`);
const importFile = async (file: string, ...options: string[]) =>
  await tool(['import', file, ...tables.options, ...options]);
const ids = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `s${from + index}`);
const held = async (): Promise<string[]> => [...(await tables.all()).keys()].sort();
const expected = (names: readonly string[]): string[] => names.map(hash).sort();

describe('import --replace-all', () => {
  it('shows the number of vanished records, asks for it, and removes those', async () => {
    await importFile(csv(ids(0, 60)));
    const complete = csv(ids(20, 70));
    const alone = await importFile(complete, '--replace-all');
    expect(alone.notes).toContain('nobody is here to be asked: add --yes.');
    expect((await held()).length).toBe(60);
    const dry = await importFile(complete, '--replace-all', '--dry-run');
    expect(dry.out).toContain('20 records would be removed: not in the export.');
    const args = ['import', complete, ...tables.options, '--replace-all'];
    const refused = await tool(args, { interactive: true, input: 'remove 19\n' });
    expect(refused.notes).toContain(
      `20 records of 70 in ${tables.crmTableName} are not in the export (20 without a hash key)`,
    );
    expect(refused.notes).toContain('The rows of the export were written, and nothing was removed.');
    expect((await held()).length).toBe(70);
    const { out, code } = await tool(args, { interactive: true, input: 'remove 20\n' });
    expect(out).toContain('20 records removed that were not in the export.');
    expect(code).toBe(0);
    expect(await held()).toEqual(expected(ids(20, 70)));
  });

  it('removes nothing while rows are rejected, or of an empty export', async () => {
    await importFile(csv(['a', 'b']));
    const broken = folder.file('sessionId,email\na,a@b.de\nb,broken\n');
    const first = await importFile(broken, '--replace-all', '--yes', '--allow-rejects');
    expect(first.notes).toContain('Nothing was removed: 1 row was rejected');
    expect(first.code).toBe(1);
    const empty = await importFile(folder.file('sessionId,email\n'), '--replace-all', '--yes');
    expect(empty.notes).toContain('an export without customers is not a complete one');
    expect(await held()).toEqual(expected(['a', 'b']));
  });

  it('takes all files of the command together', async () => {
    await importFile(csv(ids(0, 9)));
    await tool(['import', csv(ids(0, 3)), csv(ids(5, 9)), ...tables.options, '--replace-all', '--yes']);
    expect(await held()).toEqual(expected([...ids(0, 3), ...ids(5, 9)]));
  });

  it('interrupted while it removes, it has removed nothing else, and goes on', async () => {
    await importFile(csv(ids(0, 300)));
    const complete = csv(ids(250, 300));
    let deletes = 0;
    const proxy = await startStoreProxy(tables.url, {
      trouble: (operation) => {
        if (operation === 'DeleteItem') deletes += 1;
        return operation === 'DeleteItem' && deletes > 40 ? 'deny' : undefined;
      },
    });
    try {
      const args = [
        'import',
        complete,
        '--table',
        tables.crmTableName,
        '--endpoint',
        proxy.url,
        '--replace-all',
        '--yes',
      ];
      expect((await tool(args)).code).toBe(2);
      const between = await held();
      expect(between.length).toBeLessThan(300);
      expect(between.length).toBeGreaterThan(50);
      proxy.heal();
      const { code, notes } = await tool([...args, '--resume']);
      expect(code).toBe(0);
      expect(notes).toContain('going on behind line');
    } finally {
      await proxy.close();
    }
    expect(await held()).toEqual(expected(ids(250, 300)));
  });

  it('a record that is written while it asks is not removed', async () => {
    await importFile(csv(['a', 'b']));
    const proxy = await startStoreProxy(tables.url, {
      trouble: (operation) => {
        if (operation === 'DeleteItem') {
          void tables.put(tables.crmTableName, {
            ...itemFromRecord(hash('late'), { email: 'late@b.de' }),
          });
        }
        return undefined;
      },
    });
    try {
      await tool([
        'import',
        csv(['a']),
        '--table',
        tables.crmTableName,
        '--endpoint',
        proxy.url,
        '--replace-all',
        '--yes',
      ]);
    } finally {
      await proxy.close();
    }
    expect(await held()).toEqual(expected(['a', 'late']));
  });

  it('a delete whose response is lost counts once, as removed', async () => {
    const vanished = { email: 'b@b.de', updatedAt: '2026-05-01T00:00:00Z' };
    await tables.put(tables.crmTableName, itemFromRecord(hash('b'), vanished));
    let deletes = 0;
    const proxy = await startStoreProxy(tables.url, {
      trouble: (operation) => {
        if (operation === 'DeleteItem') deletes += 1;
        return operation === 'DeleteItem' && deletes === 1 ? 'lose' : undefined;
      },
    });
    try {
      const where = ['--table', tables.crmTableName, '--endpoint', proxy.url];
      const { out } = await tool(['import', csv(['a']), ...where, '--replace-all', '--yes']);
      expect(out).toContain('1 record removed that was not in the export.');
    } finally {
      await proxy.close();
    }
    expect(deletes).toBe(2);
    expect(await held()).toEqual(expected(['a']));
  });

  it('leaves the records of present visitors under the older key: the service may still need them', async () => {
    const keys: readonly SessionHashKey[] = [
      { id: 'k2', key: Buffer.alloc(32, 2) },
      { id: 'k1', key: Buffer.alloc(32, 1) },
    ];
    for (const id of ['a', 'gone'])
      await tables.put(
        tables.crmTableName,
        itemFromRecord(hashSession(id, keys)[1] ?? '', { email: 'a@b.de' }),
      );
    const sessionHashKeys = keys.map(({ id, key }) => ({
      id,
      key: Buffer.from(key ?? []).toString('base64'),
    }));
    const secrets = await startSecretsManager({
      secrets: { crm: JSON.stringify({ clientId: 'c', clientSecret: 's', sessionHashKeys }) },
    });
    process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] = secrets.url;
    try {
      await importFile(csv(['a']), '--secret-id', 'crm', '--replace-all', '--yes');
    } finally {
      delete process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'];
      await secrets.close();
    }
    expect(await held()).toEqual([...hashSession('a', keys)].sort());
  });
});

describe('a set of known hashes', () => {
  it('holds what was added to it, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 3000 }),
        fc.integer({ min: 0, max: 3000 }),
        (names, cut) => {
          const known = new KnownHashes();
          for (const name of names.slice(0, cut)) known.add(hash(name));
          for (const name of names.slice(0, cut)) known.add(hash(name));
          expect(known.size).toBe(Math.min(cut, names.length));
          names.forEach((name, index) => {
            expect(known.has(hash(name))).toBe(index < cut);
          });
        },
      ),
      { numRuns: 20 },
    );
  });
});
