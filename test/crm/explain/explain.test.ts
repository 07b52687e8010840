import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { guestAsSent } from '../../../crm/explain/describe.ts';
import { itemFromRecord } from '../../../lambda/aws/crm-item.ts';
import { itemFromGuest } from '../../../lambda/aws/guest-item.ts';
import type { CrmRecord } from '../../../lambda/guest/crm-record.ts';
import { hashSession, type SessionHashKey } from '../../../lambda/guest/session-hash.ts';
import { startSecretsManager } from '../../../local/secrets-manager.ts';
import { type CrmTables, startCrmTables } from '../support/crm-tables.ts';
import { tool } from '../support/tool.ts';

let tables: CrmTables;
beforeEach(async () => {
  tables = await startCrmTables();
});
afterEach(async () => await tables.close());

const jane: CrmRecord = {
  email: 'jane@example.com',
  firstName: 'Jane',
  tier: 'Gold',
  attributes: { vip: true },
};
const seed = async (sessionId: string, record: CrmRecord, keys: readonly SessionHashKey[] = []) =>
  await tables.put(tables.crmTableName, itemFromRecord(hashSession(sessionId, keys)[0], record));
const explain = async (sessionId: string, ...options: string[]) =>
  await tool(['explain', ...tables.options, '--session-id', sessionId, ...options]);

const key = { id: '2026-11', key: Buffer.alloc(32, 7) };
const withSecret = async (work: () => Promise<void>): Promise<void> => {
  const sessionHashKeys = [{ id: key.id, key: key.key.toString('base64') }];
  const secrets = await startSecretsManager({
    secrets: { crm: JSON.stringify({ clientId: 'id', clientSecret: 'secret', sessionHashKeys }) },
  });
  process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] = secrets.url;
  try {
    await work();
  } finally {
    delete process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'];
    await secrets.close();
  }
};

describe('explain', () => {
  it('shows what the function would see, without values', async () => {
    await seed('abc', { ...jane, updatedAt: '2026-05-15T11:23:45Z' });
    const { out, code } = await explain('abc');
    expect(out).toContain(`${hashSession('abc', [])[0]} (unkeyed): a record`);
    expect(out).toContain('firstName: string');
    expect(out).toContain('attributes.vip: boolean');
    expect(out).toContain('updated: 2026-05-15T11:23:45Z');
    expect(out).toContain('attributes.crmTier: string');
    expect(out).not.toMatch(/jane|Gold|abc\b/i);
    expect(code).toBe(0);
  });

  it('shows values when asked for', async () => {
    await seed('abc', jane);
    const { out } = await explain('abc', '--show-values');
    expect(out).toContain('email: "jane@example.com"');
    expect(out).toContain('attributes.crmTier: "Gold"');
  });

  it('maps attributes as the function is configured', async () => {
    await seed('abc', jane);
    const { out } = await explain('abc', '--show-values', '--attribute-map', '{"important":"vip"}');
    expect(out).toContain('attributes.important: true');
    expect(out).not.toContain('crmTier');
  });

  it('shows the guest that the registry holds, and whether it will be used again', async () => {
    await seed('abc', jane);
    await tables.put(tables.guestTableName, {
      sessionHash: { S: hashSession('abc', [])[0] },
      version: { S: 'one' },
      ...itemFromGuest({
        guestId: 'guest-1',
        provider: 'webchat-v1',
        profileDigest: 'of an older profile',
        anonymous: true,
        consent: { given: true, type: 'explicit', stated: true },
        verified: false,
        registeredAtMs: Date.now() - 60_000,
        expiresAtMs: Date.now() + 60_000,
      }),
    });
    const { out } = await explain('abc');
    expect(out).toMatch(/guest guest-1 at webchat-v1, registered 1 min 0 s ago/);
    expect(out).toContain('registered as an anonymous visitor, consent given (explicit)');
    expect(out).toContain('the profile has changed since: the next request registers it again');
  });

  it('shows what provider web-messaging tells Genesys: a contact, and only of a customer with an id', () => {
    const sent = (record: CrmRecord) => guestAsSent(record, 'a'.repeat(64), {}, 'web-messaging').fields;
    expect(sent({ ...jane, crmId: 'C-1' })).toEqual({ firstName: 'Jane', otherEmail: 'jane@example.com' });
    expect(sent(jane)).toEqual({});
  });

  it('reads the session id from the standard input', async () => {
    await seed('abc', jane);
    const { code } = await tool(['explain', ...tables.options, '--session-id', '-'], { input: 'abc\n' });
    expect(code).toBe(0);
  });

  describe('names the likely cause when a visitor is not recognised:', () => {
    it('the record has expired', async () => {
      await seed('abc', { ...jane, expiresAt: 1_700_000_000 });
      const { out, code } = await explain('abc');
      expect(out).toContain('a record that has expired');
      expect(out).toContain('The record has expired: import the customer again');
      expect(code).toBe(1);
    });

    it('the record breaks the schema', async () => {
      const sessionHash = { S: hashSession('abc', [])[0] };
      await tables.put(tables.crmTableName, { sessionHash, email: { S: 'nobody' }, tier: { N: '1' } });
      const { out } = await explain('abc');
      expect(out).toContain('bad fields: email, tier');
      expect(out).toContain('The record breaks the schema');
    });

    it('white space in the id', async () => {
      await seed('abc', jane);
      expect((await explain(' abc')).out).toContain(
        'There is a record for this id without the white space around it',
      );
      await seed('def ', jane);
      expect((await explain('def')).out).toContain('There is a record for this id with a space behind it');
      await seed('ghi', jane);
      expect((await explain('GHI')).out).toContain('There is a record for this id in small letters');
    });

    it('the table is empty: another environment', async () => {
      expect((await explain('abc')).out).toContain(
        'The table is empty: the customers were imported into another environment',
      );
    });

    it('never imported', async () => {
      await seed('other', jane);
      expect((await explain('abc')).out).toContain(
        'It was never imported, was imported into another environment, or has expired',
      );
    });

    it('imported without the key', async () => {
      await withSecret(async () => {
        await seed('abc', jane);
        const { out } = await explain('abc', '--secret-id', 'crm');
        expect(out).toContain('The record was imported without the hash key: import it again');
      });
    });

    it('the key was rotated', async () => {
      await withSecret(async () => {
        await seed('abc', jane, [{ id: '2025-01', key: Buffer.alloc(32, 1) }]);
        const { out } = await explain('abc', '--secret-id', 'crm');
        expect(out).toContain(
          'records of this table are under key 2025-01, the function looks under key 2026-11',
        );
      });
    });
  });

  it('says why something is no session id', async () => {
    expect((await explain('a\u0007')).notes).toContain(
      'it must not contain control characters. The function would refuse it.',
    );
  });
});
