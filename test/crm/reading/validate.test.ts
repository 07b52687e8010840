import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import { temporaryFolder, tool } from '../support/tool.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

const header = 'sessionId,email,firstName,tier,previousTickets\n';
const good = 'abc-1,jane@example.com,Jane,Enterprise,12\n';

const validate = async (content: string | Buffer, ...options: string[]) => {
  const file = folder.file(content);
  return { file, ...(await tool(['validate', file, ...options])) };
};

const summary = async (content: string | Buffer, ...options: string[]) => {
  const { out, code } = await validate(content, '--json', ...options);
  return { code, ...JSON.parse(out).files[0] } as {
    code: number;
    rows: number;
    accepted: number;
    rejected: number;
    repeated: number;
    remarks: string[];
  };
};

describe('validate', () => {
  it('accepts a good file, and says so', async () => {
    const { code, out } = await validate(header + good);
    expect(out).toContain('1 valid');
    expect(code).toBe(0);
  });

  it.each([
    ['semicolons', 'sessionId;email\nabc;a@b.de\n'],
    ['tabs', 'sessionId\temail\nabc\ta@b.de\n'],
    ['bars', 'sessionId|email\nabc|a@b.de\n'],
    ['a byte order mark', '\uFEFFsessionId,email\r\nabc,a@b.de\r\n'],
    [
      'quotes and line breaks in cells',
      '"sessionId","email","Note"\n"abc","a@b.de","two\nlines, ""quoted"""\n',
    ],
    ['no line break at its end', 'sessionId,email\nabc,a@b.de'],
    ['column names in other spellings', 'Session ID,E-Mail,First_Name\nabc,a@b.de,Jo\n'],
    ['empty lines and trailing separators', 'sessionId,email\n\nabc,a@b.de\n,\n'],
    ['JSON Lines', '{"sessionId":"abc","email":"a@b.de","vip":true,"attributes":{"size":3}}\n\n'],
    ['UTF-16', Buffer.from('\uFEFFsessionId,email\nabc,a@b.de\n', 'utf16le')],
    ['gzip', gzipSync('sessionId,email\nabc,a@b.de\n')],
    ['gzip of JSON Lines', gzipSync('{"sessionId":"abc","email":"a@b.de"}')],
  ])('reads a file with %s', async (_, content) => {
    expect(await summary(content)).toMatchObject({ code: 0, rows: 1, accepted: 1, rejected: 0 });
  });

  it('reads another encoding when it is named', async () => {
    const latin = Buffer.from('sessionId,email,firstName\nabc,a@b.de,Zo\xeb\n', 'latin1');
    expect((await validate(latin)).notes).toContain('line 2: row has characters that are not UTF-8');
    expect(await summary(latin, '--encoding', 'windows-1252')).toMatchObject({ code: 0, accepted: 1 });
  });

  it('names line, column and reason of every fault, and ends with 1', async () => {
    const { code, notes } = await validate(
      `${header}abc,nobody,J,T,1\nabd,a@b.de,J,T,1.5\n,a@b.de,J,T,1\nabe,,J,T,-1\nabf,a@b.de,J\n`,
    );
    expect(notes).toContain('line 2: email must be an e-mail address');
    expect(notes).toContain('line 3: previousTickets must be a whole number');
    expect(notes).toContain('line 4: sessionId is missing (and so is sessionHash)');
    expect(notes).toContain('line 5: email is missing; previousTickets must not be negative');
    expect(notes).toContain('line 6: row has 3 cells, the header has 5');
    expect(code).toBe(1);
  });

  it('ends with 0 in spite of rejects where they are allowed', async () => {
    expect((await validate(`${header}abc,nobody,J,T,1\n`, '--allow-rejects')).code).toBe(0);
  });

  it('stops at the first fault with --strict', async () => {
    const { code, notes } = await validate(`${header}abc,nobody,J,T,1\n,,,,x\n`, '--strict');
    expect(notes).toContain('line 2: email must be an e-mail address. Stopped there (--strict).');
    expect(notes).not.toContain('line 3');
    expect(code).toBe(2);
  });

  it('writes rejects that can be mended and imported again, with formulas disarmed', async () => {
    const { file } = await validate(`${header}abc,nobody,=1+1,'T,1\n${good}"x""y",nobody,"a\nb",T,\n`);
    const rejects = `${file}.rejects.csv`;
    const text = readFileSync(rejects, 'utf8');
    expect(text).toContain('reject_line,reject_reason,sessionId,email,firstName,tier,previousTickets');
    expect(text).toContain("abc,nobody,'=1+1,''T,1");
    expect(statSync(rejects).mode & 0o077).toBe(0);
    writeFileSync(rejects, text.replaceAll('nobody', 'some@body.de'));
    const again = await tool(['validate', rejects, '--json']);
    expect(JSON.parse(again.out).files[0]).toMatchObject({ rows: 2, accepted: 2 });
  });

  it('writes rejects of JSON Lines that can be mended and imported again, types kept', async () => {
    const file = folder.file('{"sessionId":"a","email":"nobody","vip":true}\n{"sessionId":\n[1]\n', 'jsonl');
    const first = await tool(['validate', file]);
    expect(first.notes).toContain('line 2: row is not valid JSON');
    expect(first.notes).toContain('line 3: row is not a JSON object');
    const rejects = `${file}.rejects.csv`;
    writeFileSync(rejects, readFileSync(rejects, 'utf8').replace('nobody', 'a@b.de'));
    const again = JSON.parse((await tool(['validate', rejects, '--json'])).out).files[0];
    expect(again).toMatchObject({ rows: 3, accepted: 1, rejected: 2 });
  });

  it('leaves the rejects of an earlier run alone, which somebody may be mending', async () => {
    const { file } = await validate(`${header}abc,nobody,J,T,1\n`);
    const rejects = `${file}.rejects.csv`;
    writeFileSync(rejects, 'mended by hand');
    const again = await tool(['validate', file]);
    expect(readFileSync(rejects, 'utf8')).toBe('mended by hand');
    expect(again.out).toContain(`mend them in ${file}.rejects-2.csv`);
    writeFileSync(file, header + good);
    const clean = await tool(['validate', file]);
    expect(clean.out).toContain(`${rejects} is of an earlier run, and was left alone.`);
    expect(readFileSync(rejects, 'utf8')).toBe('mended by hand');
  });

  it('reports visitors that are in the file more than once', async () => {
    const { out, code } = await validate(`${header}${good}x,a@b.de,,,\n${good}`);
    expect(out).toContain('1 row repeats a visitor of the same file; the last one wins');
    expect(out).toContain('line 4 repeats line 2');
    expect(code).toBe(0);
  });

  it('renames, leaves out and types columns', async () => {
    const content = 'Kennung,Mail,Postcode,Notes\nabc,a@b.de,01234,"private"\n';
    const options = ['--map', 'Kennung=sessionId,Mail=email', '--ignore', 'Notes'];
    expect(await summary(content, ...options)).toMatchObject({ accepted: 1 });
    expect((await validate(content, ...options, '--type', 'Postcode=boolean')).notes).toContain(
      'Postcode must be true or false',
    );
    expect((await validate(content, '--map', 'Nothing=email')).notes).toContain(
      'Column "Mail" looks like email, misspelt',
    );
    expect((await validate(content, ...options, '--ignore', 'Missing')).notes).toContain(
      'The file has no column "Missing"',
    );
  });

  it('remarks what is no fault, but often a mistake', async () => {
    const { remarks } = await summary(
      'sessionId,email,zip\n abc,a@b.de,01\nabd,a@b.de,10\nabe,a@b.de,"=A1"\n',
    );
    expect(remarks.join('\n')).toMatch(
      /1 id or address has blanks around \(first in line 2\): they were removed/,
    );
    expect(remarks.join('\n')).toMatch(/1 cell looks like a spreadsheet formula \(first in line 4\)/);
    expect(remarks.join('\n')).toMatch(/"zip" is string in some rows and number in others/);
  });

  it('reads the standard input', async () => {
    const result = await tool(['validate', '-', '--json', '--rejects', folder.file('')], {
      input: header + good,
    });
    expect(JSON.parse(result.out).files[0]).toMatchObject({ rows: 1, accepted: 1 });
  });
});

describe('a hostile file gets one clear sentence', () => {
  const noise = Buffer.concat(
    Array.from({ length: 300 }, (_, index) => createHash('sha256').update(String(index)).digest()),
  );
  it.each<[string, string | Buffer, RegExp]>([
    ['an empty one', '', /is empty\.$/m],
    ['white space alone', '\n\n\n', /is empty\.$/m],
    [
      'an Excel workbook',
      Buffer.from('PK\x03\x04 and more'),
      /is an Excel workbook or ZIP archive: save the sheet as "CSV UTF-8" first\./,
    ],
    ['a binary file', noise, /is a binary file/],
    [
      'UTF-16 without a mark',
      Buffer.from('sessionId,email\nabc,a@b.de\n', 'utf16le'),
      /looks like UTF-16 without a byte order mark/,
    ],
    ['a JSON array', '[{"sessionId":"a"}]', /is a JSON array: write one object a line/],
    ['no header', 'abc-1,jane@example.com,Jane\n', /No column is called sessionId or sessionHash/],
    ['no e-mail column', 'sessionId,tier\na,b\n', /No column is called email/],
    ['two e-mail columns', 'sessionId,email,E-Mail\na,b,c\n', /Two columns are both email/],
    [
      'an attribute called __proto__',
      'sessionId,email,__proto__\na,a@b.de,1\n',
      /An attribute cannot be called __proto__/,
    ],
    ['damaged gzip', gzipSync('sessionId,email\nabc,a@b.de\n').subarray(0, 30), /is damaged/],
    ['garbage after a gzip mark', Buffer.from([0x1f, 0x8b, 1, 2, 3]), /is damaged/],
  ])('%s', async (_, content, sentence) => {
    const { code, notes } = await validate(content);
    expect(notes).toMatch(sentence);
    expect(notes).not.toMatch(/ at .*\.ts/);
    expect(notes).not.toContain('jane@example.com');
    expect(code).toBe(2);
  });

  it('a file that is not there', async () => {
    const { code, notes } = await tool(['validate', 'no-such-file.csv']);
    expect(notes).toContain('There is no file no-such-file.csv.');
    expect(code).toBe(2);
  });

  it('a header without rows', async () => {
    const { code, out } = await validate(header);
    expect(out).toContain('The file has a header, but no rows.');
    expect(code).toBe(0);
  });

  it('100 MB on one line, as CSV and as JSON Lines', async () => {
    const long = Buffer.alloc(100 * 1024 * 1024, 'x');
    const first = await validate(long);
    expect(first.notes).toMatch(/line 1, is longer than 1 MiB: it should be the header/);
    const later = await summary(Buffer.concat([Buffer.from(header), long, Buffer.from(`\n${good}`)]));
    expect(later).toMatchObject({ code: 1, rows: 2, accepted: 1, rejected: 1 });
    long[0] = 0x7b;
    expect(await summary(long)).toMatchObject({ code: 1, rows: 1, rejected: 1 });
  });

  it('NUL bytes and mixed encodings cost their own rows only', async () => {
    const mixed = Buffer.concat([
      Buffer.from(`${header}a,a@b.de,Jos\u00e9,T,1\n`),
      Buffer.from('b,a@b.de,Jos\xe9,T,1\n', 'latin1'),
      Buffer.from(`c,a@b.de,J\0,T,1\n${good}`),
    ]);
    const { notes } = await validate(mixed);
    expect(notes).toContain('line 3: row has characters that are not UTF-8');
    expect(notes).toContain('line 4: row has a NUL byte in it');
    expect(await summary(mixed)).toMatchObject({ accepted: 2, rejected: 2 });
  });

  it('attribute names and numbers in JSON that could not be kept', async () => {
    const { notes } = await validate(
      '{"sessionId":"a","email":"a@b.de","attributes":{"__proto__":1}}\n{"sessionId":"b","email":"a@b.de","n":1e300}\n{"sessionId":"c","email":"a@b.de","n":{"deep":1}}\n',
    );
    expect(notes).toContain('line 1: __proto__ is not a usable attribute name');
    expect(notes).toContain('line 2: n must be a number that can be kept exactly');
    expect(notes).toContain('line 3: n must be a string, a number or true/false');
  });
});
