import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eraseSession } from '../../../crm/erase/erase-session.ts';
import { itemFromRecord } from '../../../lambda/aws/crm-item.ts';
import { itemFromGuest } from '../../../lambda/aws/guest-item.ts';
import { createContacts, externalIdOf } from '../../../lambda/genesys/contact.ts';
import type { CrmRecord } from '../../../lambda/guest/crm-record.ts';
import { matchedProfile, profileDigest } from '../../../lambda/guest/profile.ts';
import { hashSession, type SessionHashKey } from '../../../lambda/guest/session-hash.ts';
import { systemClock } from '../../../lambda/time/system-clock.ts';
import { localCredentials } from '../../../local/embedded-dynamodb.ts';
import { startSecretsManager } from '../../../local/secrets-manager.ts';
import { type CrmTables, startCrmTables } from '../support/crm-tables.ts';
import { startStoreProxy } from '../support/store-proxy.ts';
import { temporaryFolder, tool } from '../support/tool.ts';

const folder = temporaryFolder();
let tables: CrmTables;
let journal: string;
let project: string;
let runs = 0;
beforeEach(async () => {
  tables = await startCrmTables();
  runs += 1;
  journal = join(folder.path, `journal-${runs}`);
  project = join(folder.path, `project-${runs}`);
});
afterEach(async () => await tables.close());
afterAll(() => folder.remove());

const plain = (sessionId: string): string => hashSession(sessionId, [])[0];
const seed = async (hash: string, record: Partial<CrmRecord> = {}): Promise<void> =>
  await tables.put(tables.crmTableName, itemFromRecord(hash, { email: 'jane@example.com', ...record }));
const seedEntry = async (hash: string, record?: CrmRecord): Promise<void> => {
  const guest = itemFromGuest({
    guestId: 'guest',
    provider: 'webchat-v1',
    profileDigest:
      record === undefined
        ? 'digest'
        : profileDigest(matchedProfile(record), { crmTier: 'tier', historicalTickets: 'previousTickets' }),
    anonymous: record === undefined,
    consent: { given: true, type: 'explicit', stated: true },
    verified: false,
    registeredAtMs: 0,
    expiresAtMs: Date.now() + 3_600_000,
  });
  await tables.put(tables.guestTableName, { sessionHash: { S: hash }, version: { S: 'one' }, ...guest });
};
const exists = async (hash: string): Promise<boolean> =>
  (await tables.item(tables.crmTableName, hash)) !== undefined;
const registered = async (hash: string): Promise<boolean> =>
  (await tables.item(tables.guestTableName, hash)) !== undefined;
const options = ['--settle-seconds', '0', '--yes'];
const erase = async (...args: string[]) =>
  await tool(['erase', ...tables.options, ...options, '--journal', journal, ...args]);
const receiptOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const journals = (): readonly string[] => {
  try {
    return readdirSync(journal);
  } catch {
    return [];
  }
};

const withSecret = async (
  secret: object,
  work: (args: readonly string[]) => Promise<void>,
): Promise<void> => {
  const secrets = await startSecretsManager({
    secrets: { crm: JSON.stringify({ clientId: 'client', clientSecret: 'secret', ...secret }) },
  });
  process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] = secrets.url;
  try {
    await work(['--secret-id', 'crm']);
  } finally {
    delete process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'];
    await secrets.close();
  }
};

describe('1. the right people, or nobody', () => {
  it('a list of one column has no separator: "ACME, Inc" is not ACME', async () => {
    await seed('1'.repeat(64), { crmId: 'ACME' });
    await seed('2'.repeat(64), { crmId: 'ACME, Inc' });
    const { code } = await erase('--file', folder.file('crmId\nACME, Inc\n'));
    expect(code).toBe(0);
    expect(await exists('1'.repeat(64))).toBe(true);
    expect(await exists('2'.repeat(64))).toBe(false);
  });

  it('25 ids with bars in them are 25 customers', async () => {
    const ids = Array.from({ length: 25 }, (_, index) => `EU|DE|${index}`);
    for (const [index, crmId] of ids.entries()) await seed(plain(String(index)), { crmId });
    await seed(plain('other'), { crmId: 'EU' });
    const { code, out } = await erase('--file', folder.file(`crmId\n${ids.join('\n')}\n`));
    expect(code).toBe(0);
    expect(out).toContain('25 subjects erased, 0 not found, 0 failed.');
    expect(await exists(plain('other'))).toBe(true);
  });

  it('a row that is too wide, a file in another encoding and a NUL byte are refused before anything is deleted', async () => {
    await seed(plain('a'), { crmId: 'C-1' });
    const wide = await erase('--file', folder.file('crmId,note\nC-1,x\nACME, Inc,x\n'));
    expect(wide.notes).toContain('line 3: has 3 cells, the header has 2.');
    const latin = folder.file(Buffer.from('crmId\nC-1\nM\xfcller\n', 'latin1'));
    expect((await erase('--file', latin)).notes).toContain('line 3: has characters that are not UTF-8');
    expect((await erase('--file', folder.file('crmId\nC-1\nC\0\n'))).notes).toContain(
      'line 3: has a NUL byte',
    );
    expect(await exists(plain('a'))).toBe(true);
    await seed(plain('b'), { crmId: 'Müller' });
    expect((await erase('--file', latin, '--encoding', 'windows-1252')).code).toBe(0);
    expect(await exists(plain('b'))).toBe(false);
  });

  it('the question shows columns, counts and the first names as they were read', async () => {
    await seed(plain('a'), { crmId: 'ACME, Inc' });
    const list = folder.file('crmId;reason\nACME, Inc;asked\nC-2;asked\nC-3;asked\nC-4;asked\n');
    const { notes } = await tool(
      ['erase', ...tables.options, '--settle-seconds', '0', '--journal', journal, '--file', list],
      { interactive: true, input: 'no\n' },
    );
    expect(notes).toContain('4 rows, read by crmId; not used: reason.');
    expect(notes).toContain('4 customers: "ACME, Inc", "C-2", "C-3", …');
    expect(notes).toContain('1 session hash, 0 contacts at Genesys; 1 of them has a record.');
    expect(notes).toContain('Nothing was changed.');
    // A log is no place for names.
    const alone = await tool(['erase', ...tables.options, '--journal', journal, '--file', list]);
    expect(alone.notes).toContain('Nobody is here to confirm it: add --yes.');
    expect(alone.notes).not.toContain('ACME');
    expect(await exists(plain('a'))).toBe(true);
  });
});

/** A Genesys that can be told to refuse the lookup of contacts. */
const startContacts = async () => {
  const contacts = new Set<string>();
  const state = { refuse: false, deleted: [] as string[] };
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const send = (status: number, content: object) =>
        response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(content));
      if (request.url === '/oauth/token')
        return send(200, { access_token: 'token', token_type: 'bearer', expires_in: 3600 });
      if (state.refuse) return send(403, { message: 'Missing permission', code: 'forbidden' });
      if (request.url?.endsWith('/identifierlookup/contacts')) {
        const { value } = JSON.parse(body);
        return contacts.has(value) ? send(200, { id: value }) : send(404, { message: 'none' });
      }
      const id = request.url?.split('/').at(-1) ?? '';
      contacts.delete(id);
      state.deleted.push(id);
      return send(200, {});
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    contacts,
    state,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const externalIdKey = Buffer.alloc(32, 9);

/** Runs `work` with a local stack that uses provider web-messaging. */
const withContacts = async (
  work: (genesys: Awaited<ReturnType<typeof startContacts>>, run: typeof erase) => Promise<void>,
): Promise<void> => {
  const genesys = await startContacts();
  const secrets = await startSecretsManager({
    secrets: {
      crm: JSON.stringify({
        clientId: 'client',
        clientSecret: 'secret',
        externalIdKey: externalIdKey.toString('base64'),
      }),
    },
  });
  mkdirSync(join(project, '.local'), { recursive: true });
  writeFileSync(
    join(project, '.local', 'stack.json'),
    JSON.stringify({
      region: 'us-east-1',
      endpoints: { dynamodb: tables.url, secretsManager: secrets.url, genesys: genesys.url },
      tables: { crm: tables.crmTableName, guests: tables.guestTableName },
      secretId: 'crm',
      provider: 'web-messaging',
      externalSourceId: 'source',
    }),
  );
  try {
    await work(
      genesys,
      async (...args) => await tool(['erase', '--env', 'local', ...options, ...args], { folder: project }),
    );
  } finally {
    await secrets.close();
    await genesys.close();
  }
};

describe('2. a journal is written before the first deletion', () => {
  it('a contact that could not be looked up is erased by the next run, though the record is gone', async () => {
    await withContacts(async (genesys, run) => {
      const externalId = externalIdOf('C-1', externalIdKey);
      genesys.contacts.add(externalId);
      await seed(plain('a'), { crmId: 'C-1' });
      genesys.state.refuse = true;
      const first = await run('--crm-id', 'C-1');
      expect(first.code).toBe(2);
      expect(first.out).toContain('customer (--crm-id): failed. Contact at Genesys: Genesys refused it');
      expect(await exists(plain('a'))).toBe(false);
      expect(genesys.contacts.has(externalId)).toBe(true);

      const left = join(project, '.erasures');
      const [name = ''] = readdirSync(left);
      expect(statSync(join(left, name)).mode & 0o077).toBe(0);
      expect(readFileSync(join(left, name), 'utf8')).not.toMatch(/C-1|jane/);

      genesys.state.refuse = false;
      const second = await run('--crm-id', 'C-1');
      expect(genesys.contacts.has(externalId)).toBe(false);
      expect(second.code).toBe(0);
      expect(second.notes).toContain('1 subject of the erasure that was begun');
      expect(readdirSync(left)).toEqual([]);
    });
  });

  it('a run that was killed is gone on with, even without a name', async () => {
    await seed(plain('a'));
    await seedEntry(plain('a'));
    const proxy = await startStoreProxy(tables.url, {
      trouble: (operation) => (operation === 'DeleteItem' ? 'deny' : undefined),
    });
    try {
      const args = ['--table', tables.crmTableName, '--guest-table', tables.guestTableName];
      const through = ['erase', ...args, '--endpoint', proxy.url, ...options, '--journal', journal];
      const { code } = await tool([...through, '--session-id', 'a']);
      expect(code).toBe(2);
      expect(journals()).toHaveLength(1);
      proxy.heal();
      const again = await tool(through);
      expect(again.code).toBe(0);
      expect(await exists(plain('a'))).toBe(false);
      expect(await registered(plain('a'))).toBe(false);
      expect(journals()).toHaveLength(0);
    } finally {
      await proxy.close();
    }
  });

  describe('by the same command again', () => {
    const where = (url: string) => [
      'erase',
      '--table',
      tables.crmTableName,
      '--guest-table',
      tables.guestTableName,
      '--endpoint',
      url,
      ...options,
      '--journal',
      journal,
    ];
    /** A run that deletes the record and fails at the registry. */
    const startProxy = async () => {
      await seed(plain('a'));
      await seedEntry(plain('a'));
      return await startStoreProxy(tables.url, {
        trouble: (operation, _, body) =>
          operation === 'DeleteItem' && body.includes(tables.guestTableName) ? 'deny' : undefined,
      });
    };

    it('whom the first run found is not "not found"', async () => {
      const proxy = await startProxy();
      try {
        expect((await tool([...where(proxy.url), '--session-id', 'a'])).code).toBe(2);
        expect(await exists(plain('a'))).toBe(false);
        proxy.heal();
        // The entry has ended by itself meanwhile.
        const ended = { TableName: tables.guestTableName, Key: { sessionHash: { S: plain('a') } } };
        await tables.client.send(new DeleteItemCommand(ended));
        const again = await tool([...where(proxy.url), '--session-id', 'a']);
        expect(again.out).toContain('2 subjects erased, 0 not found, 0 failed.');
        expect(again.code).toBe(0);
      } finally {
        await proxy.close();
      }
    });

    it('in another account it goes on with nothing: the tables there are others', async () => {
      // The same keys twice: DynamoDB Local keeps the tables of each key id apart.
      const { accessKeyId, secretAccessKey } = localCredentials;
      const keys = `aws_access_key_id=${accessKeyId}\naws_secret_access_key=${secretAccessKey}\n`;
      const before = process.env['AWS_SHARED_CREDENTIALS_FILE'];
      process.env['AWS_SHARED_CREDENTIALS_FILE'] = folder.file(`[one]\n${keys}[two]\n${keys}`, 'ini');
      const proxy = await startProxy();
      try {
        const first = await tool([...where(proxy.url), '--profile', 'one', '--session-id', 'a']);
        expect(first.code).toBe(2);
        proxy.heal();
        expect((await tool([...where(proxy.url), '--profile', 'two'])).notes).toContain('Say whom');
        expect(journals()).toHaveLength(1);
        expect((await tool([...where(proxy.url), '--profile', 'one'])).code).toBe(0);
        expect(await registered(plain('a'))).toBe(false);
      } finally {
        await proxy.close();
        if (before === undefined) delete process.env['AWS_SHARED_CREDENTIALS_FILE'];
        else process.env['AWS_SHARED_CREDENTIALS_FILE'] = before;
      }
    });
  });

  it('a delete whose response is lost is a deletion', async () => {
    await seedEntry(plain('a'));
    let deletes = 0;
    const proxy = await startStoreProxy(tables.url, {
      trouble: (operation, _, body) => {
        if (operation !== 'DeleteItem' || !body.includes(tables.guestTableName)) return undefined;
        deletes += 1;
        return deletes === 1 ? 'lose' : undefined;
      },
    });
    const receipt = join(folder.path, 'lost.jsonl');
    try {
      const args = ['--table', tables.crmTableName, '--guest-table', tables.guestTableName];
      const through = ['erase', ...args, '--endpoint', proxy.url, ...options, '--journal', journal];
      const { code } = await tool([...through, '--session-id', 'a', '--receipt', receipt]);
      expect(code).toBe(0);
    } finally {
      await proxy.close();
    }
    expect(deletes).toBe(2);
    const [subject] = receiptOf(receipt).filter(({ kind }) => kind === 'subject');
    expect(subject).toMatchObject({ outcome: 'erased', sessions: [{ registryEntry: 'deleted' }] });
  });

  it('the watch is not switched off by an empty number', async () => {
    const { code, notes } = await erase('--session-id', 'a', '--settle-seconds', '');
    expect(notes).toContain('It is a whole number from 0 to 3600.');
    expect(code).toBe(2);
  });

  it('nothing is deleted where the journal cannot be written', async () => {
    await seed(plain('a'));
    const { code, notes } = await erase('--session-id', 'a', '--journal', folder.file('a file'));
    expect(code).toBe(2);
    expect(notes).toContain('nothing was erased');
    expect(await exists(plain('a'))).toBe(true);
  });
});

describe('3. each subject settles by itself', () => {
  it('one refused delete among 50 costs the evidence of none of the 49', async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `session-${index}`);
    for (const id of ids) await seed(plain(id));
    const proxy = await startStoreProxy(tables.url, {
      trouble: (operation, _, body) =>
        operation === 'DeleteItem' && body.includes(plain('session-7')) ? 'deny' : undefined,
    });
    const receipt = join(folder.path, 'fifty.jsonl');
    const where = ['--table', tables.crmTableName, '--guest-table', tables.guestTableName];
    const through = ['erase', ...where, '--endpoint', proxy.url, ...options, '--journal', journal];
    try {
      const list = folder.file(`sessionId\n${ids.join('\n')}\n`);
      const { code, out } = await tool([...through, '--file', list, '--receipt', receipt]);
      expect(code).toBe(2);
      expect(out).toContain('49 subjects erased, 0 not found, 1 failed.');
      const lines = receiptOf(receipt).filter(({ kind }) => kind === 'subject');
      expect(lines).toHaveLength(50);
      expect(lines.filter(({ outcome }) => outcome === 'erased')).toHaveLength(49);
      expect(lines.find(({ from }) => from === 'line 9')).toMatchObject({
        outcome: 'failed',
        reason: expect.stringContaining('AWS refused it'),
      });
      // Only the one that failed is left to do.
      proxy.heal();
      const again = await tool(through);
      expect(again.out).toContain('1 subject erased, 0 not found, 0 failed.');
      expect(again.code).toBe(0);
    } finally {
      await proxy.close();
    }
  });

  it('an unknown name is a line of its own, and the exit code says so', async () => {
    await seed(plain('a'), { crmId: 'C-1' });
    const { out, code } = await erase('--file', folder.file('crmId\nC-1\nC-unknown\n'));
    expect(out).toContain('customer (line 2): erased');
    expect(out).toContain('customer (line 3): not found');
    expect(code).toBe(1);
  });

  it('a receipt that cannot be written is found out before anything is deleted', async () => {
    await seed(plain('a'));
    const { code, notes } = await erase(
      '--session-id',
      'a',
      '--receipt',
      join(folder.path, 'no', 'such.jsonl'),
    );
    expect(notes).toContain('cannot be written (ENOENT): nothing was erased');
    expect(code).toBe(2);
    expect(await exists(plain('a'))).toBe(true);
    const list = folder.file('sessionId\na\n');
    expect((await erase('--file', list, '--receipt', list)).notes).toContain('are the same file');
    expect(readFileSync(list, 'utf8')).toBe('sessionId\na\n');
  });

  it('a receipt that is there already is added to', async () => {
    const receipt = join(folder.path, 'both.jsonl');
    for (const id of ['a', 'b']) {
      await seed(plain(id));
      await erase('--session-id', id, '--receipt', receipt);
    }
    expect(receiptOf(receipt).filter(({ kind }) => kind === 'subject')).toHaveLength(2);
  });
});

describe('4. "gone at" is true', () => {
  it('an import that puts the record back during the watch is told', async () => {
    await seed(plain('a'));
    const erasing = eraseSession(plain('a'), {
      client: tables.client,
      crmTableName: tables.crmTableName,
      guestTableName: tables.guestTableName,
      clock: systemClock,
      settleMs: 1500,
    });
    while (await exists(plain('a'))) await systemClock.sleep(10);
    await seed(plain('a'));
    await expect(erasing).rejects.toThrow('An import wrote the record again while it was being erased');
  });
});

describe('5. a rotated key leaves nothing behind', () => {
  const key = (id: string, byte: number): SessionHashKey => ({ id, key: Buffer.alloc(32, byte) });
  const newer = key('k2', 2);
  const older = key('k1', 1);
  const written = (keys: readonly SessionHashKey[]) => ({
    sessionHashKeys: keys.map(({ id, key: bytes }) => ({
      id,
      ...(bytes && { key: Buffer.from(bytes).toString('base64') }),
    })),
  });
  const jane: CrmRecord = { email: 'jane@example.com', firstName: 'Jane', tier: 'Gold', crmId: 'C-1' };

  it('by session: both hashes in both tables', async () => {
    const hashes = hashSession('a', [newer, older]);
    for (const hash of hashes) {
      await seed(hash);
      await seedEntry(hash);
    }
    await withSecret(written([newer, older]), async (secret) => {
      expect((await erase(...secret, '--session-id', 'a')).code).toBe(0);
    });
    for (const hash of hashes) {
      expect(await exists(hash)).toBe(false);
      expect(await registered(hash)).toBe(false);
    }
  });

  it('by customer: the registration under the newer key of a record under the older one', async () => {
    const [underNewer = '', underOlder = ''] = hashSession('a', [newer, older]);
    await seed(underOlder, jane);
    await seedEntry(underNewer, jane);
    await seedEntry(plain('somebody else'), { ...jane, email: 'other@example.com' });
    // With web-messaging, it is the contact that an entry knows the profile of.
    const contacts = createContacts({
      externalSourceId: 'source',
      attributeMap: { crmTier: 'tier', historicalTickets: 'previousTickets' },
    } as unknown as Parameters<typeof createContacts>[0]);
    const [other = ''] = hashSession('b', [newer, older]);
    await tables.put(tables.guestTableName, {
      sessionHash: { S: other },
      version: { S: 'one' },
      contactId: { S: 'contact' },
      contactDigest: { S: contacts.digest(matchedProfile(jane)) },
    });
    await withSecret(written([newer, older]), async (secret) => {
      const args = [...secret, '--external-source-id', 'source', '--crm-id', 'C-1'];
      expect((await erase(...args)).code).toBe(0);
    });
    expect(await registered(other)).toBe(false);
    expect(await exists(underOlder)).toBe(false);
    expect(await registered(underNewer)).toBe(false);
    expect(await registered(plain('somebody else'))).toBe(true);
  });

  it('records under a retired key are named, and "purge" removes them', async () => {
    const [retired] = hashSession('a', [key('2024-01', 9)]);
    await seed(retired, jane);
    await seedEntry(retired);
    await seed(hashSession('b', [newer])[0]);
    await withSecret(written([newer]), async (secret) => {
      const { out, code } = await erase(...secret, '--session-id', 'a');
      expect(code).toBe(1);
      expect(out).toContain('records under hash keys that are not in use (1 under 2024-01)');
      const purge = async (...args: string[]) => await tool(['purge', ...tables.options, ...secret, ...args]);
      expect((await purge('--key-id', 'k2', '--yes')).notes).toContain('Key k2 is in use');
      expect((await purge('--key-id', '2024-01')).notes).toContain(
        `1 item in ${tables.crmTableName}, 1 item in ${tables.guestTableName}`,
      );
      expect(await exists(retired)).toBe(true);
      expect((await purge('--key-id', '2024-01', '--yes')).out).toContain(
        `1 item removed from ${tables.crmTableName}.`,
      );
      expect(await exists(retired)).toBe(false);
      expect(await registered(retired)).toBe(false);
      expect((await purge('--key-id', '2024-01', '--yes')).out).toContain(
        'Nothing is stored under key 2024-01',
      );
    });
    expect(await exists(hashSession('b', [newer])[0])).toBe(true);
  });

  it('"purge" that counted nothing removes nothing, whatever is written meanwhile', async () => {
    let late: Promise<void> | undefined;
    const proxy = await startStoreProxy(tables.url, {
      latencyMs: 5,
      trouble: (operation, _, body) => {
        if (operation === 'Scan' && body.includes(tables.guestTableName)) late ??= seed(plain('late'));
        return undefined;
      },
    });
    try {
      await withSecret(written([newer]), async (secret) => {
        const args = ['--table', tables.crmTableName, '--guest-table', tables.guestTableName];
        const where = [...args, '--endpoint', proxy.url, ...secret];
        const { out, code } = await tool(['purge', ...where, '--key-id', 'plain', '--yes']);
        expect(out).toContain('Nothing is stored under key plain.');
        expect(code).toBe(1);
      });
    } finally {
      await proxy.close();
    }
    await late;
    expect(await exists(plain('late'))).toBe(true);
  });

  it('"purge" of unkeyed hashes leaves the registry\'s other entries alone', async () => {
    const reference = `reference#${'a'.repeat(64)}`;
    for (const key of ['oauth-token', reference, plain('a')]) await seedEntry(key);
    await withSecret(written([newer]), async (secret) => {
      await tool(['purge', ...tables.options, ...secret, '--key-id', 'plain', '--yes']);
    });
    expect(await registered(plain('a'))).toBe(false);
    expect(await registered('oauth-token')).toBe(true);
    expect(await registered(reference)).toBe(true);
  });

  it('"--if-newer" compares the record under the older key, too', async () => {
    const [underNewer, underOlder = ''] = hashSession('a', [newer, older]);
    await seed(underOlder, { tier: 'newer', updatedAt: '2026-05-02T00:00:00Z' });
    const file = folder.file('sessionId,email,tier,updatedAt\na,a@b.de,older,2026-05-01T00:00:00Z\n');
    await withSecret(written([newer, older]), async (secret) => {
      const args = ['import', file, ...tables.options, ...secret, '--if-newer'];
      expect((await tool([...args, '--dry-run'])).out).toContain('is newer and would be kept');
      expect((await tool(args)).out).toContain('was newer and has been kept');
    });
    expect(await exists(underNewer)).toBe(false);
    expect((await tables.record(underOlder))?.tier).toBe('newer');
  });
});

describe('6. one session of a customer', () => {
  it('leaves the contact that other sessions need, and says so; the last one takes it along', async () => {
    await withContacts(async (genesys, run) => {
      const externalId = externalIdOf('C-1', externalIdKey);
      genesys.contacts.add(externalId);
      for (const id of ['a', 'b']) await seed(plain(id), { crmId: 'C-1' });
      const first = await run('--session-id', 'a');
      expect(first.out).toContain(
        'The contact at Genesys was kept: 1 other session of this customer needs it.',
      );
      expect(genesys.contacts.has(externalId)).toBe(true);
      await run('--session-id', 'b');
      expect(genesys.contacts.has(externalId)).toBe(false);
    });
  });
});

describe('7. what an erasure does not reach', () => {
  it('is named in the receipt, with when it ends by itself', async () => {
    const receipt = join(folder.path, 'limits.jsonl');
    await seed(plain('a'));
    await erase('--session-id', 'a', '--receipt', receipt);
    const [{ notReached }] = receiptOf(receipt);
    expect(notReached.join('\n')).toMatch(/backups .* 35 days/);
    expect(notReached.join('\n')).toMatch(/shards and S3 objects .* older tables/);
  });
});
