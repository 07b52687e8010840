import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hashSession } from '../../../lambda/guest/session-hash.ts';
import { type CrmTables, startCrmTables } from '../support/crm-tables.ts';
import { temporaryFolder, tool } from '../support/tool.ts';

const folder = temporaryFolder();
let tables: CrmTables;
beforeAll(async () => {
  tables = await startCrmTables();
});
afterAll(async () => {
  await tables.close();
  folder.remove();
});

describe('import --plan s3', () => {
  const shardsOf = (out: string) =>
    readdirSync(out)
      .filter((name) => name.endsWith('.json.gz'))
      .flatMap((name) =>
        gunzipSync(readFileSync(join(out, name)))
          .toString()
          .trimEnd()
          .split('\n'),
      )
      .map((line) => unmarshall(JSON.parse(line).Item));

  it('writes gzip shards of DynamoDB JSON in which the last of repeated visitors is the only one', async () => {
    const out = join(folder.path, 'plan');
    const file = folder.file('sessionId,email,vip\na,a@b.de,true\nb,b@b.de,\na,new@b.de,false\nc,broken,\n');
    const result = await tool([
      'import',
      file,
      ...tables.options,
      '--plan',
      's3',
      '--out',
      out,
      '--bucket',
      'bucket',
    ]);
    expect(shardsOf(out)).toEqual([
      { sessionHash: hashSession('b', [])[0], email: 'b@b.de' },
      { sessionHash: hashSession('a', [])[0], email: 'new@b.de', attributes: { vip: false } },
    ]);
    expect(result.code).toBe(1);
    expect(result.out).toMatch(/aws s3 cp .* s3:\/\/bucket\/crm-import\//);
    expect(result.out).toMatch(/aws dynamodb import-table --cli-input-json file:\/\//);
    expect(JSON.parse(readFileSync(join(out, 'import-table.json'), 'utf8'))).toMatchObject({
      InputFormat: 'DYNAMODB_JSON',
      InputCompressionType: 'GZIP',
      TableCreationParameters: { KeySchema: [{ AttributeName: 'sessionHash', KeyType: 'HASH' }] },
    });
    expect((await tables.all()).size).toBe(0);
  });

  it('makes no mess of a folder with other files, and no guess about the standard input', async () => {
    const args = [...tables.options, '--plan', 's3', '--out', folder.path];
    expect((await tool(['import', folder.file('sessionId,email\n'), ...args])).notes).toContain(
      'is not empty',
    );
    expect((await tool(['import', '-', ...args])).notes).toContain('not the standard input');
  });
});
