import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Checkpoint } from '../../../crm/import/checkpoint.ts';
import { ConcurrencyLimit } from '../../../crm/import/concurrency-limit.ts';
import { Patience } from '../../../crm/import/patience.ts';
import { dynamoDbFor } from '../../../crm/store/target.ts';
import { clientOptions } from '../../../infra/stack-outputs.ts';
import { startSilentServer } from '../../support/silent-server.ts';
import { type CrmTables, startCrmTables } from '../support/crm-tables.ts';
import { startStoreProxy } from '../support/store-proxy.ts';
import { ended, spawnTool, temporaryFolder, tool } from '../support/tool.ts';

const folder = temporaryFolder();
let tables: CrmTables;
beforeEach(async () => {
  tables = await startCrmTables();
});
afterEach(async () => await tables.close());
afterAll(() => folder.remove());

const good = 'sessionId,email\na,a@b.de\n';

describe('1. a connection on which nothing comes back', () => {
  it('ends an import when its patience is over, with a sentence and a checkpoint', async () => {
    const silence = await startSilentServer();
    const file = folder.file(good);
    try {
      const { code, notes } = await tool([
        'import',
        file,
        '--table',
        'crm',
        '--endpoint',
        silence.url,
        '--patience',
        '2',
      ]);
      expect(notes).toContain('The table took nothing for 2 seconds');
      expect(notes).toContain('Try again later with --resume.');
      expect(code).toBe(2);
      expect(existsSync(`${file}.checkpoint.json`)).toBe(true);
    } finally {
      await silence.close();
    }
  }, 60_000);

  it('among others costs no row: it is repeated', async () => {
    const proxy = await startStoreProxy(tables.url, {
      trouble: (_, call) => (call === 2 ? 'silence' : undefined),
    });
    const rows = Array.from({ length: 200 }, (_, index) => `s${index},a@b.de\n`).join('');
    try {
      const file = folder.file(`sessionId,email\n${rows}`);
      const args = [
        'import',
        file,
        '--table',
        tables.crmTableName,
        '--endpoint',
        proxy.url,
        '--patience',
        '3',
      ];
      const first = await tool(args);
      if (first.code !== 0) expect((await tool([...args, '--resume'])).code).toBe(0);
    } finally {
      await proxy.close();
    }
    expect((await tables.all()).size).toBe(200);
  }, 60_000);

  it('fails every other command, too', async () => {
    const silence = await startSilentServer();
    const aws = { region: 'us-east-1', credentials: { accessKeyId: 'x', secretAccessKey: 'x' } };
    try {
      const client = dynamoDbFor(
        { aws: { ...aws, endpoints: { dynamodb: silence.url } } },
        { maxAttempts: 1, requestTimeoutMs: 1000 },
      );
      await expect(client.send(new ScanCommand({ TableName: tables.crmTableName }))).rejects.toMatchObject({
        name: 'TimeoutError',
      });
    } finally {
      await silence.close();
    }
    expect(clientOptions(aws).requestHandler).toMatchObject({ throwOnRequestTimeout: true });
  }, 60_000);

  it('counts while a call is out', async () => {
    const patience = new Patience(new ConcurrencyLimit(1), 1000);
    await expect(patience.until([1], () => new Promise(() => undefined))).rejects.toThrow(
      'The table took nothing for 1 second (no response).',
    );
  }, 60_000);

  it('a pause before there was anything to write is not impatience', async () => {
    let now = 0;
    const patience = new Patience(new ConcurrencyLimit(1), 60_000, () => now);
    now = 600_000;
    let calls = 0;
    await patience.until([1], async (items) => {
      calls += 1;
      return calls === 1 ? items : [];
    });
    expect(calls).toBe(2);
  });
});

describe('2. checkpoints', () => {
  it('one save that fails spoils none of the later ones', async () => {
    const place = join(folder.path, 'disk');
    mkdirSync(place);
    const file = join(place, 'a.csv');
    writeFileSync(file, good);
    const checkpoint = await Checkpoint.open(file, {}, false, 0);
    // A folder in the place of the draft: the save cannot be written.
    mkdirSync(`${file}.checkpoint.json.tmp`);
    checkpoint.advance(5);
    await expect(checkpoint.save()).rejects.toThrow();
    rmSync(`${file}.checkpoint.json.tmp`, { recursive: true });
    await checkpoint.finish();
    expect(JSON.parse(readFileSync(`${file}.checkpoint.json`, 'utf8'))).toMatchObject({
      line: 5,
      complete: true,
    });
    chmodSync(place, 0o700);
  });

  it('a fault in a later file leaves no finished checkpoint of an earlier one', async () => {
    const first = folder.file(good);
    const second = folder.file('sessionId,email\nb,broken\n');
    const { code } = await tool(['import', first, second, ...tables.options, '--strict']);
    expect(code).toBe(2);
    expect(existsSync(`${first}.checkpoint.json`)).toBe(false);
  });

  it('a dry run counts visitors who come twice once, near or far apart', async () => {
    const many = Array.from({ length: 300 }, (_, index) => `s${index},a@b.de,Gold,2026-05-02\n`).join('');
    const again = Array.from({ length: 300 }, (_, index) => `s${index},a@b.de,Old,2026-05-01\n`).join('');
    const file = folder.file(`sessionId,email,tier,updatedAt\n${many}${again}`);
    const dry = async (...options: string[]) =>
      (await tool(['import', file, ...tables.options, '--dry-run', ...options])).out;
    expect(await dry()).toContain('300 records would be created, 0 changed, 0 are the same.');
    await tool(['import', file, ...tables.options, '--if-newer']);
    // Of two rows the newer one counts: nothing would change.
    expect(await dry('--if-newer')).toContain('0 records would be created, 0 changed, 300 are the same.');
    expect(await dry()).toContain('0 records would be created, 300 changed, 0 are the same.');
  });
});

describe('4. where the person stands', () => {
  it('files are found from the folder in which npm was called', async () => {
    const place = join(folder.path, 'sub');
    mkdirSync(place);
    writeFileSync(join(place, 'here.csv'), 'sessionId,email\na,broken\n');
    const { out, code } = await ended(spawnTool(['validate', 'here.csv'], { INIT_CWD: place }));
    expect(out).toContain('here.csv: 1 row');
    expect(code).toBe(1);
    expect(existsSync(join(place, 'here.csv.rejects.csv'))).toBe(true);
  }, 60_000);

  it('a missing file is one sentence in every command', async () => {
    const missing = join(folder.path, 'nope.csv');
    const commands = [
      ['validate', missing],
      ['import', missing, ...tables.options],
      ['import', missing, ...tables.options, '--dry-run'],
      ['import', missing, ...tables.options, '--plan', 's3', '--out', join(folder.path, 'plan')],
      ['erase', ...tables.options, '--file', missing, '--yes'],
    ];
    for (const command of commands) {
      const { notes, code } = await tool(command);
      expect(notes).toContain(`There is no file ${missing}.`);
      expect(notes).not.toContain('unexpected');
      expect(code).toBe(2);
    }
  });

  it('durations and counts read like English', async () => {
    const { duration } = await import('../../../crm/terminal/terminal.ts');
    expect(duration(4633 * 3_600_000 + 31 * 60_000)).toBe('193 days');
    expect(duration(3_600_000 * 2 + 5 * 60_000)).toBe('2 h 5 min');
  });
});
