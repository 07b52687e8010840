import { existsSync, linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeRecord } from '../../../crm/explain/describe.ts';
import { hashSession } from '../../../lambda/guest/session-hash.ts';
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
const good = 'sessionId,email\na,a@b.de\n';
const validate = async (content: string | Buffer, ...options: string[]) =>
  await tool(['validate', folder.file(content), ...options]);
const importFile = async (file: string, ...options: string[]) =>
  await tool(['import', file, ...tables.options, ...options]);
const importText = async (content: string, ...options: string[]) =>
  await importFile(folder.file(content), ...options);
const importLines = async (lines: readonly object[], ...options: string[]) =>
  await importFile(
    folder.file(lines.map((line) => `${JSON.stringify(line)}\n`).join(''), 'jsonl'),
    ...options,
  );

describe('1. no file is deleted or written over', () => {
  it.each(['the same path', 'a link', 'another name of the same file'])(
    'the input as file of rejects (%s) is refused',
    async (kind) => {
      const victim = folder.file(good);
      const rejects = kind === 'the same path' ? victim : `${victim}.other`;
      if (kind === 'a link') symlinkSync(victim, rejects);
      if (kind === 'another name of the same file') linkSync(victim, rejects);
      const { code, notes } = await tool(['validate', victim, '--rejects', rejects]);
      expect(notes).toContain('are the same file');
      expect(code).toBe(2);
      expect(readFileSync(victim, 'utf8')).toBe(good);
    },
  );

  it('one file of rejects is not shared by two inputs', async () => {
    const [first, second] = [folder.file('sessionId,email\na,x\n'), folder.file(good)];
    const rejects = join(folder.path, 'shared.csv');
    expect((await tool(['validate', first, second, '--rejects', rejects])).notes).toContain(
      '--rejects takes the rows of one file',
    );
    expect(existsSync(rejects)).toBe(false);
  });

  it('a file of rejects that is there is left alone, be it named or not', async () => {
    const rejects = folder.file('mended by hand');
    const { out } = await validate('sessionId,email\na,x\n', '--rejects', rejects);
    expect(readFileSync(rejects, 'utf8')).toBe('mended by hand');
    expect(out).toContain(rejects.replace('.csv', '-2.csv'));
  });
});

describe('3. columns and values mean what the person meant', () => {
  it('misspelt columns stop the import, unless they are named', async () => {
    const text = 'sessionId,email,frist_name,previousTicktes\na,a@b.de,Jane,3\n';
    const first = await importText(text);
    expect(first.notes).toContain('Column "frist_name" looks like firstName, misspelt');
    expect(first.code).toBe(2);
    expect((await tables.all()).size).toBe(0);
    const map = ['--map', 'frist_name=firstName', '--attributes', 'previousTicktes'];
    expect((await importText(text, ...map)).code).toBe(0);
    expect(await tables.record(hash('a'))).toEqual({
      email: 'a@b.de',
      firstName: 'Jane',
      attributes: { previousTicktes: 3 },
    });
  });

  it('misspelt names of JSON Lines stop the import, and later on cost their rows', async () => {
    expect((await importLines([{ sessionId: 'a', email: 'a@b.de', frist_name: 'J' }])).notes).toContain(
      '"frist_name" looks like firstName, misspelt',
    );
    const many = Array.from({ length: 3000 }, (_, index) => ({ sessionId: `s${index}`, email: 'a@b.de' }));
    const { notes, code } = await importLines([...many, { sessionId: 'x', email: 'a@b.de', teir: 'Gold' }]);
    expect(notes).toContain('line 3001: teir looks like tier, misspelt');
    expect(code).toBe(1);
  });

  it('what becomes of each column is shown before anything is written, and in --json', async () => {
    const text =
      'sessionId,E-Mail,zip,Notes,Phone\na,a@b.de,01234,"called twice, is angry about the invoice of last month, call again",1\n';
    const { notes } = await importText(text, '--ignore', 'Phone');
    expect(notes).toContain('sessionId → sessionId, hashed on this machine');
    expect(notes).toContain('E-Mail → email');
    expect(notes).toContain('zip → attribute zip (text)');
    expect(notes).toContain('Notes → attribute Notes (text; free text, does it belong there?');
    expect(notes).toContain('Phone: left out');
    expect(notes.indexOf('Phone: left out')).toBeLessThan(notes.indexOf('Writing to'));
    expect(notes).not.toContain('angry');
    const { out } = await importText(text, '--ignore', 'Phone', '--json');
    expect(JSON.parse(out).files[0].columns[2]).toEqual({
      column: 'zip',
      as: 'attribute',
      name: 'zip',
      types: ['text'],
      freeText: false,
    });
  });

  it.each([
    ['--type', 'Postcod=string', '"Postcod" (--type; is "Postcode" meant?)'],
    ['--ignore', 'Phne', '"Phne" (--ignore; is "Phone" meant?)'],
    ['--map', 'Vorname=firstName', '"Vorname" (--map)'],
    ['--attributes', 'teir', '"teir" (--attributes)'],
  ])('%s %s, which matches nothing, is a fault in CSV and in JSON Lines', async (option, value, named) => {
    const row = { sessionId: 'a', email: 'a@b.de', Phone: '1', Postcode: '1' };
    expect((await importLines([row], option, value)).notes).toContain(named);
    const csv = await importText('sessionId,email,Phone,Postcode\na,a@b.de,1,1\n', option, value);
    expect(csv.notes).toContain(named);
    expect(csv.code).toBe(2);
    expect((await tables.all()).size).toBe(0);
  });

  it('an option that only a later line of JSON Lines matches is none', async () => {
    const many = Array.from({ length: 3000 }, (_, index) => ({ sessionId: `s${index}`, email: 'a@b.de' }));
    const { code } = await importLines(
      [...many, { sessionId: 'x', email: 'a@b.de', Phone: '1' }],
      '--ignore',
      'Phone',
    );
    expect(code).toBe(0);
    expect((await tables.record(hash('x')))?.attributes).toBeUndefined();
  });

  it('numbers are numbers only where writing them back gives the same text', async () => {
    await importText('sessionId,email,version,size,sign,points\na,a@b.de,1.10,2.0,-0,7.5\n');
    expect((await tables.record(hash('a')))?.attributes).toEqual({
      version: '1.10',
      size: '2.0',
      sign: '-0',
      points: 7.5,
    });
  });

  it.each([
    ['1798761600000', 'looks like milliseconds'],
    ['20271231', 'looks like a date without hyphens'],
    ['46387', 'looks like a date as Excel counts it'],
    ['2020-01-01', 'is more than a year ago'],
    ['99999999999', 'is more than 100 years ahead'],
  ])('expiresAt %s is rejected: it %s', async (value, reason) => {
    const { notes, code } = await validate(`sessionId,email,expiresAt\na,a@b.de,${value}\n`);
    expect(notes).toContain(`line 2: expiresAt ${reason}`);
    expect(code).toBe(1);
    const line = await tool(['validate', '-', '--rejects', `${folder.file('')}.rejects.csv`], {
      input: `{"sessionId":"a","email":"a@b.de","expiresAt":${/-/.test(value) ? `"${value}"` : value}}`,
    });
    expect(line.notes).toContain(`line 1: expiresAt ${reason}`);
  });

  it('a day without a time, and a recent end, are accepted and pointed out', async () => {
    const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    const { out, code } = await validate(
      `sessionId,email,expiresAt\na,a@b.de,${day(Date.now() + 864e5 * 40)}\nb,a@b.de,${day(Date.now() - 864e5 * 40)}\n`,
    );
    expect(out).toContain('2 rows name a day without a time as expiresAt (first in line 2)');
    expect(out).toContain('1 record has expired already (first in line 3)');
    expect(code).toBe(0);
  });

  it('an end that no calendar has does not crash "explain"', () => {
    const lines = describeRecord({ email: 'a@b.de', expiresAt: 9_007_199_254_740_991 }, false, 0);
    expect(lines).toContain('expires: later than any date');
  });

  it('stray blanks around ids and addresses are removed, and said', async () => {
    const { out } = await importText('sessionId,email,crmId\n a ,a@b.de , C-1\n');
    expect(await tables.record(hash('a'))).toEqual({ email: 'a@b.de', crmId: 'C-1' });
    expect(out).toContain('blanks around (first in line 2): they were removed.');
  });

  it('control characters are rejects, in JSON too', async () => {
    const csv = await validate('sessionId,email,firstName\na,a@b.de,\u001b[2JJane\n');
    expect(csv.notes).toContain('line 2: row has a control character in it');
    const json = await validate(
      '{"sessionId":"a","email":"a@b.de","attributes":{"x":"\\u001b[2J"}}\n{"sessionId":"b","email":"a@b.de","firstName":"\\ud800"}\n',
    );
    expect(json.notes).toContain('line 1: row has a control character in it');
    expect(json.notes).toContain('line 2: row has half of a character');
  });

  it("Excel's line with the separator is no header, and a header in another encoding is refused", async () => {
    expect((await validate('sep=;\nsessionId;email\na;a@b.de\n')).code).toBe(0);
    const latin = await validate(Buffer.from('sessionId,email,Gr\xf6\xdfe\na,a@b.de,1\n', 'latin1'));
    expect(latin.notes).toContain('the header has characters that are not UTF-8');
    expect(latin.code).toBe(2);
  });
});

describe('4. what DynamoDB itself refuses', () => {
  it('empty and overlong attribute names and items beyond 400 KB are rejects with their lines', async () => {
    const { notes, code, out } = await importLines([
      { sessionId: 'a', email: 'a@b.de', attributes: { '': 1 } },
      { sessionId: 'b', email: 'a@b.de', '': 'x' },
      { sessionId: 'c', email: 'a@b.de', ['n'.repeat(70_000)]: 'x' },
      { sessionId: 'd', email: 'a@b.de', firstName: 'ü'.repeat(205_000) },
      { sessionId: 'e', email: 'a@b.de', firstName: 'u'.repeat(400_000) },
    ]);
    expect(notes).toContain('line 1: (empty name) is not a usable attribute name');
    expect(notes).toContain('line 2: (empty name) is not a usable attribute name');
    expect(notes).toMatch(/line 3: n{60} is not a usable attribute name/);
    expect(notes).toContain('line 4: row is larger than 400 KB');
    expect(out).toContain('1 row of 1 visitor written.');
    expect(code).toBe(1);
  });

  it('a row that the store refuses all the same costs that row, and is told by its line', async () => {
    const bad = hash('s17');
    const proxy = await startStoreProxy(tables.url, {
      trouble: (_, __, body) => (body.includes(bad) ? 'refuse' : undefined),
    });
    try {
      const rows = Array.from({ length: 40 }, (_, index) => `s${index},a@b.de\n`).join('');
      const file = folder.file(`sessionId,email\n${rows}`);
      const { code, out } = await tool([
        'import',
        file,
        '--table',
        tables.crmTableName,
        '--endpoint',
        proxy.url,
      ]);
      expect(out).toContain('39 rows of 39 visitors written.');
      expect(out).toContain('1 row was refused by DynamoDB itself: line 19.');
      expect(code).toBe(1);
    } finally {
      await proxy.close();
    }
    expect((await tables.all()).size).toBe(39);
  });

  it('a row that the store refused is told by the import that is resumed, too', async () => {
    const [refused, denied] = [hash('s17'), hash('s60')];
    const proxy = await startStoreProxy(tables.url, {
      trouble: (_, __, body) =>
        body.includes(refused) ? 'refuse' : body.includes(denied) ? 'deny' : undefined,
    });
    try {
      const rows = Array.from({ length: 80 }, (_, index) => `s${index},a@b.de\n`).join('');
      const file = folder.file(`sessionId,email\n${rows}`);
      const where = ['--table', tables.crmTableName, '--endpoint', proxy.url, '--concurrency', '1'];
      expect((await tool(['import', file, ...where])).code).toBe(2);
      proxy.heal();
      const { code, out, notes } = await tool(['import', file, ...where, '--resume']);
      expect(notes).toContain('going on behind line 51.');
      expect(out).toContain('79 rows of 79 visitors written.');
      expect(out).toContain('49 of them by the import that was interrupted.');
      expect(out).toContain('1 row was refused by DynamoDB itself: line 19.');
      expect(code).toBe(1);
    } finally {
      await proxy.close();
    }
    expect((await tables.all()).size).toBe(79);
  });

  it('a table that refuses every row stops the import with a sentence', async () => {
    const proxy = await startStoreProxy(tables.url, { trouble: () => 'refuse' });
    try {
      const file = folder.file('sessionId,email\na,a@b.de\nb,a@b.de\n');
      const { notes } = await tool(['import', file, '--table', tables.crmTableName, '--endpoint', proxy.url]);
      expect(notes).toContain(`The table refuses every row: is ${tables.crmTableName} the CRM table`);
    } finally {
      await proxy.close();
    }
  });
});

it('writes nothing where a later file does not fit', async () => {
  const second = folder.file('sessionId,tier\nb,Gold\n');
  const { code } = await tool(['import', folder.file(good), second, ...tables.options]);
  expect(code).toBe(2);
  expect((await tables.all()).size).toBe(0);
  writeFileSync(second, good);
});
