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

  it('keeps imports apart, waits for their end, and names the steps of cleaning up', async () => {
    const plan = async (name: string) => {
      const out = join(folder.path, name);
      const args = [...tables.options, '--plan', 's3', '--out', out, '--bucket', 'bucket', '--replace-all'];
      args.push('--region', 'eu-central-1');
      const result = await tool(['import', folder.file('sessionId,email\na,a@b.de\n'), ...args]);
      const request = JSON.parse(readFileSync(join(out, 'import-table.json'), 'utf8'));
      return { ...result, prefix: String(request.S3BucketSource.S3KeyPrefix) };
    };
    const [first, second] = [await plan('one'), await plan('two')];
    expect(first.prefix).toMatch(
      /^crm-import\/crm-[0-9a-f]{12}-\d{4}-\d{2}-\d{2}\/\d{4}-\d{2}-\d{2}-[0-9a-f]{8}\/part-$/,
    );
    expect(first.prefix).not.toBe(second.prefix);
    const uploaded = first.prefix.replace(/part-$/, '');
    expect(first.out).toContain(`s3://bucket/${uploaded} --recursive`);
    expect(first.out).toContain('ImportTableDescription.ImportStatus)" = IN_PROGRESS ]; do sleep 30; done');
    expect(first.out).toContain('--import-arn "$arn" --output text --query \'ImportTableDescription.[');
    expect(first.out).not.toContain('wait table-exists');
    expect(first.out).toContain(`aws s3 rm s3://bucket/${uploaded} --recursive`);
    expect(first.out).toContain('switching over replaces all');
  });

  it('makes no mess of a folder with other files, and no guess about the standard input', async () => {
    const args = [...tables.options, '--plan', 's3', '--out', folder.path];
    expect((await tool(['import', folder.file('sessionId,email\n'), ...args])).notes).toContain(
      'is not empty',
    );
    expect((await tool(['import', '-', ...args])).notes).toContain('not the standard input');
  });
});
