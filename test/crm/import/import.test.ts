import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sampleCustomer } from '../../../crm/sample/sample-customer.ts';
import { hashSession } from '../../../lambda/guest/session-hash.ts';
import { startSecretsManager } from '../../../local/secrets-manager.ts';
import { type CrmTables, startCrmTables } from '../support/crm-tables.ts';
import { type StoreProxyOptions, startStoreProxy } from '../support/store-proxy.ts';
import { temporaryFolder, tool } from '../support/tool.ts';

const folder = temporaryFolder();
let tables: CrmTables;
beforeEach(async () => {
  tables = await startCrmTables();
});
afterEach(async () => await tables.close());
afterAll(() => folder.remove());

const hash = (sessionId: string): string => hashSession(sessionId, [])[0];
const importFile = async (file: string, ...options: string[]) =>
  await tool(['import', file, ...tables.options, ...options]);
const importText = async (content: string, ...options: string[]) =>
  await importFile(folder.file(content), ...options);

const samples = (rows: number, seed = 1) =>
  Array.from({ length: rows }, (_, row) => sampleCustomer(row, seed));
const jsonLines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const recordOf = ({
  sessionId: _,
  loyaltyPoints,
  newsletter,
  ...fields
}: ReturnType<typeof sampleCustomer>) => ({
  ...fields,
  attributes: { loyaltyPoints, newsletter },
});

describe('import', () => {
  it('writes each customer under the hash that the function looks up, with types', async () => {
    const { code, out } = await importText(
      'sessionId,email,firstName,tier,previousTickets,crmId,updatedAt,expiresAt,vip,score,zip\n' +
        'abc,jane@example.com,Jane,Enterprise,12,C-1,2026-05-15T11:23:45Z,2030-01-01,true,4.5,01234\n',
    );
    expect(code).toBe(0);
    expect(out).toContain('1 row of 1 visitor written.');
    expect(await tables.record(hash('abc'))).toEqual({
      email: 'jane@example.com',
      firstName: 'Jane',
      tier: 'Enterprise',
      previousTickets: 12,
      crmId: 'C-1',
      updatedAt: '2026-05-15T11:23:45Z',
      expiresAt: Date.UTC(2030, 0, 1) / 1000,
      attributes: { vip: true, score: 4.5, zip: '01234' },
    });
  });

  it('takes hashes that were made elsewhere, also in capitals', async () => {
    const digest = hash('abc');
    await importText(`sessionHash,email\n${digest.toUpperCase()},a@b.de\n`);
    expect(await tables.record(digest)).toEqual({ email: 'a@b.de' });
  });

  it('replaces a record as a whole, and leaves out what is empty', async () => {
    await importText('sessionId,email,firstName,tier\nabc,a@b.de,Jane,Gold\n');
    await importText('sessionId,email,firstName,tier\nabc,a@b.de,,Gold\n');
    expect(await tables.record(hash('abc'))).toEqual({ email: 'a@b.de', tier: 'Gold' });
  });

  it('lets records expire with --ttl, unless the row says when', async () => {
    const before = Math.floor(Date.now() / 1000);
    await importText('sessionId,email,expiresAt\na,a@b.de,\nb,b@b.de,2000000000\n', '--ttl', '90d');
    const expiresAt = (await tables.record(hash('a')))?.expiresAt ?? 0;
    expect(expiresAt - before - 90 * 86_400).toBeLessThan(20);
    expect(expiresAt - before - 90 * 86_400).toBeGreaterThanOrEqual(0);
    expect((await tables.record(hash('b')))?.expiresAt).toBe(2_000_000_000);
  });

  it('writes good rows, rejects the others, and the mended rejects complete the table', async () => {
    const file = folder.file('sessionId,email,firstName\na,a@b.de,A\nb,broken,B\nc,c@b.de,C\n');
    expect((await importFile(file)).code).toBe(1);
    expect((await tables.all()).size).toBe(2);
    const rejects = `${file}.rejects.csv`;
    writeFileSync(rejects, readFileSync(rejects, 'utf8').replace(',broken,', ',b@b.de,'));
    expect((await importFile(rejects)).code).toBe(0);
    expect(await tables.record(hash('b'))).toEqual({ email: 'b@b.de', firstName: 'B' });
  });

  it('lets the last of several rows of a visitor win, near or far apart', async () => {
    const rows = samples(300);
    const repeated = [...rows, ...rows.slice(0, 150).map((row) => ({ ...row, tier: 'Changed' }))];
    // Neighbours as well: both in one batch.
    const neighbours = repeated.flatMap((row) => [{ ...row, tier: 'Overwritten' }, row]);
    const { out } = await importText(jsonLines(neighbours));
    expect(out).toContain('900 rows of 300 visitors written.');
    const all = await tables.all();
    expect(all.size).toBe(300);
    rows.forEach((row, index) => {
      expect(all.get(hash(row.sessionId))).toEqual({
        ...recordOf(row),
        tier: index < 150 ? 'Changed' : row.tier,
      });
    });
  });

  it('keeps its files clean: no checkpoint stays behind a finished import', async () => {
    const file = folder.file('sessionId,email\na,a@b.de\n');
    await importFile(file);
    expect(existsSync(`${file}.checkpoint.json`)).toBe(false);
    expect(existsSync(`${file}.rejects.csv`)).toBe(false);
  });

  it('never prints a session id or an e-mail address', async () => {
    const rows =
      'secret-session-1,jane.doe@example.com,x\nsecret-session-2,jane@,1\nsecret-session-1,jane.doe@example.com,\n';
    const { out, notes } = await importText(`sessionId,email,previousTickets\n${rows}`);
    const printed = `${out}${notes}${(await importText(`sessionId,email\n${rows}`, '--json')).out}`;
    expect(printed).not.toMatch(/secret-session/);
    expect(printed).not.toMatch(/jane/);
  });

  describe('with --dry-run', () => {
    it('writes nothing and shows what would change', async () => {
      await importText('sessionId,email,tier\na,a@b.de,Gold\nb,b@b.de,Gold\n');
      const { out, code } = await importText(
        'sessionId,email,tier\na,a@b.de,Gold\nb,b@b.de,Silver\nc,c@b.de,Gold\n',
        '--dry-run',
      );
      expect(out).toContain('1 record would be created, 1 changed, 1 is the same.');
      expect(out).toContain('Changes: tier in 1.');
      expect(code).toBe(0);
      expect((await tables.all()).size).toBe(2);
      expect((await tables.record(hash('b')))?.tier).toBe('Gold');
    });
  });

  describe('with --if-newer', () => {
    const at = (updatedAt: string, tier: string) =>
      `sessionId,email,tier,updatedAt\na,a@b.de,${tier},${updatedAt}\n`;
    it.each([
      ['2026-05-02T00:00:00Z', '2026-05-01T00:00:00Z', 'kept'],
      ['2026-05-01T00:00:00Z', '2026-05-02T00:00:00Z', 'replaced'],
      ['2026-05-01T00:00:00Z', '2026-05-01T00:00:00Z', 'replaced'],
      // Later, though its text sorts before.
      ['2026-05-01T08:00:00-05:00', '2026-05-01T10:00:00Z', 'kept'],
      ['2026-05-01T12:00:00+05:00', '2026-05-01T10:00:00Z', 'replaced'],
      ['2026-05-01T10:00:00.500Z', '2026-05-01T10:00:00Z', 'kept'],
      ['2026-05-01', '2026-05-01T10:00:00+02:00', 'replaced'],
    ])('a record of %s is, by a row of %s, %s', async (inTable, inFile, outcome) => {
      await importText(at(inTable, 'old'));
      const { out } = await importText(at(inFile, 'new'), '--if-newer');
      expect((await tables.record(hash('a')))?.tier).toBe(outcome === 'kept' ? 'old' : 'new');
      expect(out.includes('1 record of the table was newer and has been kept')).toBe(outcome === 'kept');
    });

    it('the newest of several rows of a file wins, whatever their order', async () => {
      const rows = ['2026-05-02', '2026-05-03', '2026-05-01'].map(
        (day) => `a,a@b.de,${day},${day}T00:00:00Z\n`,
      );
      await importText(`sessionId,email,tier,updatedAt\n${rows.join('')}`, '--if-newer');
      expect((await tables.record(hash('a')))?.tier).toBe('2026-05-03');
    });

    it('the summary counts what was written, and says that the newest wins', async () => {
      await importText('sessionId,email,updatedAt\na,a@b.de,2026-05-03T00:00:00Z\n', '--if-newer');
      const { out } = await importText(
        'sessionId,email,updatedAt\nb,a@b.de,2026-05-02T00:00:00Z\nb,a@b.de,2026-05-01T00:00:00Z\na,a@b.de,2026-05-01T00:00:00Z\n',
        '--if-newer',
      );
      expect(out).toContain('1 row written.');
      expect(out).toContain('2 records of the table were newer and have been kept');
      expect(out).toContain('1 row repeats a visitor of the same file; the newest one wins');
    });

    it('a row without updatedAt is rejected, a record without one replaced', async () => {
      await importText('sessionId,email,tier\na,a@b.de,old\n');
      expect((await importText(at('', 'new'), '--if-newer')).notes).toContain(
        'updatedAt is missing (--if-newer compares it)',
      );
      await importText(at('2026-05-01', 'new'), '--if-newer');
      expect((await tables.record(hash('a')))?.tier).toBe('new');
    });
  });

  describe('with a hash key', () => {
    const key = Buffer.alloc(32, 7);
    const secretWith = (sessionHashKeys: object[]) =>
      JSON.stringify({ clientId: 'id', clientSecret: 'secret', sessionHashKeys });

    it('hashes under the newest key of the secret, and refuses hashes of keys that are not in use', async () => {
      const keys = [{ id: '2026-11', key: key.toString('base64') }, { id: 'plain' }];
      const secrets = await startSecretsManager({ secrets: { crm: secretWith(keys), broken: '{}' } });
      const environment = { AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.url };
      // The SDK reads its own variables from the process.
      Object.assign(process.env, environment);
      try {
        await importText('sessionId,email\na,a@b.de\n', '--secret-id', 'crm');
        const [keyed] = hashSession('a', [{ id: '2026-11', key }]);
        expect(await tables.record(keyed)).toEqual({ email: 'a@b.de' });

        const foreign = `sessionHash,email\n2025-01:${hash('a')},a@b.de\n${hash('b')},b@b.de\n`;
        const { notes } = await importText(foreign, '--secret-id', 'crm');
        expect(notes).toContain(
          'line 2: sessionHash was made under a key that this environment does not use',
        );
        expect(await tables.record(hash('b'))).toEqual({ email: 'b@b.de' });

        expect((await importText('sessionId,email\n', '--secret-id', 'none')).notes).toContain(
          'There is no secret none',
        );
        expect((await importText('sessionId,email\n', '--secret-id', 'broken')).notes).toContain(
          'clientId of the secret is required',
        );
      } finally {
        delete process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'];
        await secrets.close();
      }
    });
  });

  describe('while the store is in trouble', () => {
    const importThrough = async (options: StoreProxyOptions, rows: readonly object[], ...more: string[]) => {
      const proxy = await startStoreProxy(tables.url, options);
      try {
        const file = folder.file(jsonLines(rows), 'jsonl');
        const result = await tool([
          'import',
          file,
          '--table',
          tables.crmTableName,
          '--endpoint',
          proxy.url,
          ...more,
        ]);
        return { ...result, proxy };
      } finally {
        await proxy.close();
      }
    };

    it('throttled, failing and leaving items unprocessed, it loses nothing', async () => {
      const rows = samples(600);
      const trouble = (_: string, call: number) =>
        (['throttle', 'leave-half', undefined, 'fail', undefined] as const)[call % 5];
      const { code, proxy } = await importThrough({ trouble }, rows);
      expect(code).toBe(0);
      const all = await tables.all();
      expect(all.size).toBe(600);
      for (const row of rows) expect(all.get(hash(row.sessionId))).toEqual(recordOf(row));
      // What was taken is not sent again.
      expect(Math.max(...proxy.puts.values())).toBe(1);
    });

    it('sends many batches at once to a slow store, and fewer to one that is short of capacity', async () => {
      const rows = samples(1200);
      const slow = await importThrough({ latencyMs: 25 }, rows);
      expect(slow.proxy.peak()).toBeGreaterThan(8);
      const short = await importThrough(
        { latencyMs: 25, trouble: (_, call) => (call % 2 === 0 ? 'throttle' : undefined) },
        rows,
      );
      expect(short.proxy.peak()).toBeLessThan(slow.proxy.peak());
    }, 120_000);

    it('says so in a sentence when the table is missing, or the endpoint', async () => {
      const file = folder.file('sessionId,email\na,a@b.de\n');
      const missing = await tool(['import', file, '--table', 'nothing', '--endpoint', tables.url]);
      expect(missing.notes).toContain('There is no such table');
      expect(missing.code).toBe(2);
    });
  });

  it('asks before it writes to production, and takes no for an answer', async () => {
    const file = folder.file('sessionId,email\na,a@b.de\n');
    // Not a loopback address: this is what a real table looks like to the tool; nothing is sent.
    const args = ['import', file, '--table', 'GuestProfiles-prod-Crm', '--region', 'eu-central-1'];
    const refused = await tool(args, { interactive: true, input: 'no\n' });
    expect(refused.notes).toContain(
      'This writes to PRODUCTION: table GuestProfiles-prod-Crm in eu-central-1',
    );
    expect(refused.notes).toContain('Nothing was changed.');
    expect(refused.code).toBe(2);
    const alone = await tool(args);
    expect(alone.notes).toContain('Nobody is here to confirm it: add --yes.');
  });

  it('names a target, or says how', async () => {
    expect((await tool(['import', 'x.csv'])).notes).toContain(
      'Say where: --env <name> (such as --env local), or --table <name>.',
    );
    expect((await tool(['import', 'x.csv', '--env', 'local'], { folder: folder.path })).notes).toContain(
      'The local stack is not running',
    );
  });
});
