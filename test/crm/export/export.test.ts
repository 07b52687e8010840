import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sampleCustomer } from '../../../crm/sample/sample-customer.ts';
import { type CrmTables, startCrmTables } from '../support/crm-tables.ts';
import { temporaryFolder, tool } from '../support/tool.ts';

const folder = temporaryFolder();
let tables: CrmTables;
beforeEach(async () => {
  tables = await startCrmTables();
});
afterEach(async () => await tables.close());
afterAll(() => folder.remove());

describe('export', () => {
  it('writes a file that makes the same table when it is imported', async () => {
    const rows = Array.from({ length: 300 }, (_, row) => ({
      ...sampleCustomer(row, 5),
      formula: '=1+1',
      "o'clock": "'quoted'",
    }));
    const source = folder.file(rows.map((row) => `${JSON.stringify(row)}\n`).join(''), 'jsonl');
    await tool(['import', source, ...tables.options]);
    const before = await tables.all();
    const out = join(folder.path, 'table.csv');
    const { notes, code } = await tool(['export', ...tables.options, '--out', out]);
    expect(notes).toContain(`300 records written to ${out}.`);
    expect(code).toBe(0);
    expect(statSync(out).mode & 0o077).toBe(0);
    // A spreadsheet runs nothing of it.
    expect(readFileSync(out, 'utf8')).not.toMatch(/(^|,)"?[=+@]/m);

    const other = await startCrmTables();
    try {
      expect((await tool(['import', out, ...other.options])).code).toBe(0);
      expect(await other.all()).toEqual(before);
    } finally {
      await other.close();
    }
  });

  it('never writes over a file, and names items that break the schema', async () => {
    await tables.put(tables.crmTableName, { sessionHash: { S: 'f'.repeat(64) }, email: { N: '1' } });
    const taken = folder.file('mine');
    expect((await tool(['export', ...tables.options, '--out', taken])).notes).toContain('is there already');
    expect(readFileSync(taken, 'utf8')).toBe('mine');
    const { notes, code, out } = await tool(['export', ...tables.options]);
    expect(out).toContain('export_number,sessionHash,email');
    expect(notes).toContain('1 item breaks the schema and was left out');
    expect(code).toBe(1);
  });
});
