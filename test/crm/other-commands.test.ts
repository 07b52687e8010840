import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { resolveTarget } from '../../crm/target/resolve-target.ts';
import { isProductionName } from '../../crm/target/target.ts';
import { hashSession } from '../../lambda/guest/session-hash.ts';
import { type CrmTables, startCrmTables } from './support/crm-tables.ts';
import { temporaryFolder, tool } from './support/tool.ts';

const folder = temporaryFolder();
let tables: CrmTables;
beforeAll(async () => {
  tables = await startCrmTables();
});
afterAll(async () => {
  await tables.close();
  folder.remove();
});

describe('the manual', () => {
  it('explains every command, with examples', async () => {
    const { out, code } = await tool(['--help']);
    expect(code).toBe(0);
    const commands = ['import', 'validate', 'explain', 'erase', 'hash', 'sample', 'stats'];
    for (const command of commands) {
      expect(out).toContain(`  ${command} `);
      const help = await tool([command, '--help']);
      expect(help.out).toMatch(/Examples?:\n {2}.*crm -- /);
      expect(help.code).toBe(0);
    }
  });

  it('is pointed to when a command is mistyped', async () => {
    const { code, notes } = await tool(['imprt']);
    expect(notes).toContain("unknown command 'imprt'");
    expect(code).toBe(2);
    expect((await tool(['validate', 'x', '--ttl', 'soon'])).notes).toContain('It should look like 90d');
  });
});

describe('hash', () => {
  it('writes the hash of each line on the same line', async () => {
    const { out, code } = await tool(['hash'], { input: 'abc\r\nZoë\nlast' });
    const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(out).toBe(`${sha256('abc')}\n${sha256('Zoë')}\n${sha256('last')}\n`);
    expect(code).toBe(0);
  });

  it('leaves a line empty that cannot be a session id, and ends with 1', async () => {
    const { out, code, notes } = await tool(['hash'], { input: `a\n\n${'x'.repeat(300)}\nb\n` });
    expect(out.split('\n').map((line) => line.length)).toEqual([64, 0, 0, 64, 0]);
    expect(notes).toContain('2 lines cannot be a session id');
    expect(code).toBe(1);
  });

  it('keeps pace with any number of lines', async () => {
    const ids = Array.from({ length: 20_000 }, (_, index) => `session-${index}`);
    const { out } = await tool(['hash'], { input: ids.join('\n') });
    const hashes = out.trimEnd().split('\n');
    expect(hashes).toHaveLength(ids.length);
    expect(hashes.at(-1)).toBe(hashSession('session-19999', [])[0]);
  });
});

describe('sample', () => {
  it('makes the same valid customers for the same seed, others for another', async () => {
    const first = await tool(['sample', '--rows', '500']);
    expect(first.out).toBe((await tool(['sample', '--rows', '500'])).out);
    expect(first.out).not.toBe((await tool(['sample', '--rows', '500', '--seed', '2'])).out);
    const checked = await tool(['validate', folder.file(first.out), '--json']);
    expect(JSON.parse(checked.out).files[0]).toMatchObject({
      rows: 500,
      accepted: 500,
      repeated: 0,
      remarks: [],
    });
  });

  it('makes the same customers as CSV and as JSON Lines', async () => {
    const csv = (await tool(['sample', '--rows', '3'])).out.trimEnd().split('\n').slice(1);
    const lines = (await tool(['sample', '--rows', '3', '--format', 'jsonl'])).out.trimEnd().split('\n');
    expect(lines.map((line) => Object.values(JSON.parse(line)).join(','))).toEqual(csv);
  });
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
    expect((await tool(['import', folder.file('x'), ...args])).notes).toContain('is not empty');
    expect((await tool(['import', '-', ...args])).notes).toContain('not the standard input');
  });
});

describe('stats', () => {
  it('counts records by key and by expiry, all of them or up to the limit', async () => {
    const day = 86_400;
    const now = Math.floor(Date.now() / 1000);
    const put = async (sessionHash: string, fields: Record<string, { S: string } | { N: string }> = {}) =>
      await tables.put('crm', { sessionHash: { S: sessionHash }, email: { S: 'a@b.de' }, ...fields });
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

describe('the target', () => {
  it('comes from the outputs of a stack', async () => {
    const outputs = {
      CrmTableName: 'crm-1',
      GuestTableName: 'guests-1',
      GenesysSecretArn: 'arn:secret',
      GuestProvider: 'web-messaging',
      GenesysBaseUrl: 'https://api.mypurecloud.de',
      EnvironmentName: 'production',
    };
    const members = Object.entries(outputs).map(
      ([name, value]) => `<member><OutputKey>${name}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    let asked = '';
    const server = createServer((request, response) => {
      request.on('data', (chunk) => {
        asked += chunk;
      });
      request.on('end', () => {
        response.setHeader('Content-Type', 'text/xml');
        response.end(
          `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackName>GuestProfiles-prod</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const settings = {
      AWS_ENDPOINT_URL_CLOUDFORMATION: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
    };
    Object.assign(process.env, settings);
    try {
      const target = await resolveTarget(
        { env: 'prod', region: 'eu-central-1', secretId: 'other' },
        {},
        folder.path,
      );
      expect(asked).toContain('StackName=GuestProfiles-prod');
      expect(target).toMatchObject({
        isProduction: true,
        crmTableName: 'crm-1',
        guestTableName: 'guests-1',
        secretId: 'other',
        genesys: { provider: 'web-messaging', baseUrl: 'https://api.mypurecloud.de' },
      });
    } finally {
      for (const name of Object.keys(settings)) delete process.env[name];
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('is the local stack while that runs', async () => {
    mkdirSync(join(folder.path, '.local'));
    const stack = {
      region: 'us-east-1',
      endpoints: {
        dynamodb: tables.url,
        secretsManager: 'http://127.0.0.1:1',
        sqs: 'http://127.0.0.1:1',
        genesys: 'http://127.0.0.1:1',
      },
      tables: { crm: 'crm', guests: 'guests' },
      secretId: 'secret',
      provider: 'webchat-v1',
      gatewayUrl: 'http://127.0.0.1:1',
    };
    writeFileSync(join(folder.path, '.local', 'stack.json'), JSON.stringify(stack));
    const { out, code } = await tool(['stats', '--env', 'local'], { folder: folder.path });
    expect(out).toContain('the local stack, table crm');
    expect(code).toBe(0);
    writeFileSync(join(folder.path, '.local', 'stack.json'), '{}');
    expect((await tool(['stats', '--env', 'local'], { folder: folder.path })).notes).toContain('is damaged');
  });

  it('is known as production by its name', () => {
    expect(['prod', 'production', 'GuestProfiles-prod-Crm', 'crm_production'].every(isProductionName)).toBe(
      true,
    );
    expect(['staging', 'products', 'reproduce', 'dev'].some(isProductionName)).toBe(false);
  });
});
