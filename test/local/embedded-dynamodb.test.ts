import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchGetItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { localCredentials, localRegion, startDynamoDb } from '../../local/embedded-dynamodb.ts';
import { StartError } from '../../local/http-server.ts';

const clientFor = (endpoint: string): DynamoDBClient =>
  new DynamoDBClient({ endpoint, region: localRegion, credentials: localCredentials });

const put = async (url: string, sessionHash: string): Promise<void> => {
  const client = clientFor(url);
  await client.send(
    new PutItemCommand({
      TableName: 'crm',
      Item: { sessionHash: { S: sessionHash }, email: { S: 'a@b.example' } },
    }),
  );
  client.destroy();
};

const read = async (url: string, sessionHash: string) => {
  const client = clientFor(url);
  const Keys = [{ sessionHash: { S: sessionHash } }];
  const { Responses } = await client.send(
    new BatchGetItemCommand({ RequestItems: { crm: { Keys }, guests: { Keys, ConsistentRead: true } } }),
  );
  client.destroy();
  return Responses;
};

describe('the embedded DynamoDB', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dynamodb-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('has both tables, read in one round trip', async () => {
    const database = await startDynamoDb();
    await put(database.url, 'a');
    const tables = await read(database.url, 'a');
    await database.close();
    expect(tables?.['crm']).toEqual([{ sessionHash: { S: 'a' }, email: { S: 'a@b.example' } }]);
    expect(tables?.['guests']).toEqual([]);
  });

  it('keeps its items in a data folder over a restart', async () => {
    const dataFolder = join(folder, 'deep', 'data');
    const first = await startDynamoDb({ dataFolder });
    await put(first.url, 'kept');
    await first.close();
    const second = await startDynamoDb({ dataFolder });
    const tables = await read(second.url, 'kept');
    await second.close();
    expect(tables?.['crm']).toHaveLength(1);
  });

  it('refuses a damaged data folder with one sentence', async () => {
    writeFileSync(join(folder, 'CURRENT'), 'garbage\n');
    await expect(startDynamoDb({ dataFolder: folder })).rejects.toThrow(StartError);
    await expect(startDynamoDb({ dataFolder: folder })).rejects.toThrow(/^The data folder .* cannot be read/);
  });

  it('refuses a file in place of the data folder, and a folder in use', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(startDynamoDb({ dataFolder: file })).rejects.toThrow(/cannot be read/);
    const dataFolder = join(folder, 'data');
    const first = await startDynamoDb({ dataFolder });
    const second = startDynamoDb({ dataFolder });
    await expect(second.finally(() => first.close())).rejects.toThrow(/in use by another process/);
  });

  it('survives a client that hangs up in the middle of its request', async () => {
    const database = await startDynamoDb();
    await new Promise<void>((resolve) => {
      const leaving = request(database.url, { method: 'POST', headers: { 'content-length': 1000 } });
      leaving.on('error', () => resolve());
      leaving.write('{', () => setTimeout(() => leaving.destroy(), 20));
      leaving.on('close', resolve);
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await put(database.url, 'still here');
    await database.close();
  });
});
