import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CrmTables, startCrmTables } from '../support/crm-tables.ts';
import { tool } from '../support/tool.ts';

let tables: CrmTables;
beforeAll(async () => {
  tables = await startCrmTables();
});
afterAll(async () => await tables.close());

describe('stats', () => {
  it('counts records by key and by expiry, all of them or up to the limit', async () => {
    const day = 86_400;
    const now = Math.floor(Date.now() / 1000);
    const put = async (sessionHash: string, fields: Record<string, { S: string } | { N: string }> = {}) =>
      await tables.put(tables.crmTableName, {
        sessionHash: { S: sessionHash },
        email: { S: 'a@b.de' },
        ...fields,
      });
    await put('1'.repeat(64), { crmId: { S: 'C-1' } });
    await put('2'.repeat(64), { expiresAt: { N: String(now - day) } });
    await put(`k1:${'3'.repeat(64)}`, { expiresAt: { N: String(now + 5 * day) } });
    await put(`k1:${'4'.repeat(64)}`, { expiresAt: { N: String(now + 50 * day) } });
    const { out } = await tool(['stats', ...tables.options, '--json']);
    expect(JSON.parse(out)).toEqual({
      records: 4,
      expired: 1,
      expiringSoon: 1,
      neverExpiring: 1,
      withCrmId: 1,
      byKey: { plain: 2, k1: 2 },
      complete: true,
    });
    const limited = await tool(['stats', ...tables.options, '--limit', '2']);
    expect(limited.out).toContain('at least 2 records');
    expect(limited.out).toContain('match rate: no metrics here');
  });
});
