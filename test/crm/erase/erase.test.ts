import { readFileSync, statSync } from 'node:fs';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eraseSession } from '../../../crm/erase/erase-session.ts';
import { createContactEraser } from '../../../crm/erase/genesys-contact.ts';
import { itemFromRecord } from '../../../lambda/aws/crm-item.ts';
import { parseSecret } from '../../../lambda/aws/genesys-secret.ts';
import { createGuestRegistry } from '../../../lambda/aws/guest-registry.ts';
import { enrichBody, enrichPath, externalIdOf } from '../../../lambda/genesys/contact.ts';
import { startDeadline } from '../../../lambda/guest/deadline.ts';
import type { KnownGuest } from '../../../lambda/guest/ports.ts';
import { hashSession } from '../../../lambda/guest/session-hash.ts';
import { systemClock } from '../../../lambda/time/system-clock.ts';
import { startGenesysSimulator } from '../../../local/genesys-simulator.ts';
import { type CrmTables, startCrmTables } from '../support/crm-tables.ts';
import { temporaryFolder, tool } from '../support/tool.ts';

const folder = temporaryFolder();
let tables: CrmTables;
beforeEach(async () => {
  tables = await startCrmTables();
});
afterEach(async () => await tables.close());
afterAll(() => folder.remove());

const hash = (sessionId: string): string => hashSession(sessionId, [])[0];
const seed = async (sessionId: string, crmId: string): Promise<void> => {
  await tables.put(
    tables.crmTableName,
    itemFromRecord(hash(sessionId), { email: 'jane@example.com', crmId }),
  );
  await tables.put(tables.guestTableName, {
    sessionHash: { S: hash(sessionId) },
    version: { S: 'one' },
    guestId: { S: 'guest' },
  });
};
const isGone = async (sessionId: string): Promise<boolean> =>
  (await tables.item(tables.crmTableName, hash(sessionId))) === undefined &&
  (await tables.item(tables.guestTableName, hash(sessionId))) === undefined;
const erase = async (...args: string[]) =>
  await tool(['erase', ...tables.options, '--settle-seconds', '0', '--yes', ...args]);

describe('erase', () => {
  it('deletes record and registry entry of a session, and leaves others alone', async () => {
    await seed('a', 'C-1');
    await seed('b', 'C-2');
    const { code, out } = await erase('--session-id', 'a');
    expect(out).toContain(`${hash('a')}  CRM record deleted, registry entry deleted, gone at `);
    expect(code).toBe(0);
    expect(await isGone('a')).toBe(true);
    expect(await isGone('b')).toBe(false);
  });

  it('deletes all sessions of a customer', async () => {
    for (const id of ['a', 'b']) await seed(id, 'C-1');
    await seed('c', 'C-2');
    await erase('--crm-id', 'C-1');
    expect([await isGone('a'), await isGone('b'), await isGone('c')]).toEqual([true, true, false]);
  });

  it('deletes by hash, and by a file of any of the three', async () => {
    for (const id of ['a', 'b', 'c', 'd']) await seed(id, `C-${id}`);
    await erase('--session-hash', hash('a'));
    await erase('--file', folder.file(`sessionId;crmId\nb;\n;C-c\n`));
    expect([await isGone('a'), await isGone('b'), await isGone('c'), await isGone('d')]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('refuses a file in which a row names nobody, before anything is deleted', async () => {
    await seed('a', 'C-1');
    const { notes, code } = await erase('--file', folder.file('sessionId,crmId\na,\n,\nx,\n'));
    expect(notes).toContain('line 3: names nobody.');
    expect(code).toBe(2);
    expect(await isGone('a')).toBe(false);
    expect((await erase('--file', folder.file('a\nb\n'))).notes).toContain(
      'the first line must name the columns',
    );
  });

  it('saves a receipt without personal data', async () => {
    await seed('secret-session', 'C-77');
    const receipt = `${folder.path}/receipt.jsonl`;
    const { out, notes } = await erase('--session-id', 'secret-session', '--receipt', receipt);
    const text = readFileSync(receipt, 'utf8');
    const [head, subject, end] = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(head).toMatchObject({ kind: 'erasure-receipt', crmTable: tables.crmTableName, subjects: 1 });
    expect(subject).toMatchObject({
      from: '--session-id',
      outcome: 'erased',
      sessions: [{ sessionHash: hash('secret-session'), crmRecord: 'deleted', registryEntry: 'deleted' }],
    });
    expect(end).toMatchObject({ kind: 'end', erased: 1, notFound: 0, failed: 0 });
    expect(statSync(receipt).mode & 0o077).toBe(0);
    for (const secret of ['secret-session', 'C-77', 'jane'])
      expect(`${text}${out}${notes}`).not.toContain(secret);
  });

  it('asks first; anything but the word changes nothing', async () => {
    await seed('a', 'C-1');
    const args = ['erase', ...tables.options, '--settle-seconds', '0', '--session-id', 'a'];
    expect((await tool(args, { interactive: true, input: 'yes\n' })).notes).toContain('Nothing was changed.');
    expect((await tool(args)).notes).toContain('add --yes');
    expect(await isGone('a')).toBe(false);
    await tool(args, { interactive: true, input: 'erase\n' });
    expect(await isGone('a')).toBe(true);
  });

  it('finds nobody without a selection, and needs both tables', async () => {
    expect((await erase()).notes).toContain('Say whom');
    const { notes } = await tool([
      'erase',
      '--table',
      'crm',
      '--endpoint',
      tables.url,
      '--session-id',
      'a',
      '--yes',
    ]);
    expect(notes).toContain('--guest-table');
  });
});

describe('an erasure while the visitor is being registered', () => {
  const guest: KnownGuest = {
    guestId: 'guest',
    provider: 'webchat-v1',
    profileDigest: 'digest',
    anonymous: false,
    consent: { given: true, type: 'explicit', stated: true },
    verified: false,
    registeredAtMs: 0,
    expiresAtMs: Date.now() + 3_600_000,
  };
  const registry = () =>
    createGuestRegistry({
      client: tables.client,
      tableName: tables.guestTableName,
      timeoutMs: 5000,
      leaseMs: 6000,
      guestTtlSeconds: 3600,
      clock: systemClock,
      telemetry: { record: () => undefined },
    });
  const seedRecord = async () =>
    await tables.put(tables.crmTableName, itemFromRecord(hash('a'), { email: 'jane@example.com' }));
  const options = () => ({
    client: tables.client,
    crmTableName: tables.crmTableName,
    guestTableName: tables.guestTableName,
    clock: systemClock,
    settleMs: 1500,
  });

  it('waits for the holder of the lease, and then deletes what it wrote', async () => {
    await seedRecord();
    const deadline = startDeadline(systemClock, 20_000);
    const lease = await registry().acquire([hash('a')], undefined, 'the visitor', deadline);
    if (lease === undefined) throw new Error('The lease was not granted.');
    const erasing = eraseSession(hash('a'), options());
    await systemClock.sleep(700);
    expect(await registry().complete(lease, guest, deadline)).toBe(true);
    expect((await erasing).registryEntry).toBe('deleted');
    expect(await isGone('a')).toBe(true);
    deadline.clear();
  });

  it('catches a registration that begins only after the record was deleted', async () => {
    await seedRecord();
    const deadline = startDeadline(systemClock, 20_000);
    const erasing = eraseSession(hash('a'), options());
    while ((await tables.item(tables.crmTableName, hash('a'))) !== undefined) await systemClock.sleep(10);
    const lease = await registry().acquire([hash('a')], undefined, 'the visitor', deadline);
    if (lease === undefined) throw new Error('The lease was not granted.');
    await registry().complete(lease, guest, deadline);
    expect((await erasing).registryEntry).toBe('deleted');
    expect(await isGone('a')).toBe(true);
    deadline.clear();
  });
});

describe('the contact at Genesys', () => {
  const key = Buffer.alloc(32, 9);
  const secret = parseSecret(
    JSON.stringify({ clientId: 'client', clientSecret: 'secret', externalIdKey: key.toString('base64') }),
  );

  it('is found by the id that the function gave it, and deleted', async () => {
    const genesys = await startGenesysSimulator({
      credentials: { clientId: 'client', clientSecret: 'secret' },
    });
    try {
      const access = {
        provider: 'web-messaging',
        baseUrl: genesys.url,
        loginUrl: genesys.url,
        externalSourceId: 'source',
      };
      const grant = await fetch(`${genesys.url}/oauth/token`, {
        method: 'POST',
        headers: {
          Authorization: `Basic ${Buffer.from('client:secret').toString('base64')}`,
          'Content-Type': 'application/x-www-form-urlencoded',
        },
        body: 'grant_type=client_credentials',
      });
      const { access_token } = (await grant.json()) as { access_token: string };
      const profile = { email: 'jane@example.com', crmId: 'C-1', anonymous: false };
      await fetch(`${genesys.url}${enrichPath}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${access_token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(enrichBody(profile, externalIdOf('C-1', key), 'source', {})),
      });
      expect(genesys.contacts.size).toBe(1);

      const eraser = createContactEraser(access, secret, 'source');
      expect((await eraser.erase(externalIdOf('C-1', key))).contact).toBe('deleted');
      expect(genesys.contacts.size).toBe(0);
      expect((await eraser.erase(externalIdOf('C-1', key))).contact).toBe('absent');
    } finally {
      await genesys.close();
    }
  });

  it('is reported as not deleted when Genesys refuses', async () => {
    const genesys = await startGenesysSimulator({
      credentials: { clientId: 'client', clientSecret: 'other' },
    });
    try {
      const access = {
        provider: 'web-messaging',
        baseUrl: genesys.url,
        loginUrl: genesys.url,
        externalSourceId: 'source',
      };
      expect(
        await createContactEraser(access, secret, 'source').erase(externalIdOf('C-1', key)),
      ).toMatchObject({
        contact: 'failed',
        reason: 'Genesys refused the credentials',
      });
    } finally {
      await genesys.close();
    }
  });
});
