import { request } from 'node:http';
import { DynamoDBClient, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { localCredentials, localRegion, startDynamoDb } from '../../local/embedded-dynamodb.ts';
import { type GenesysSimulator, startGenesysSimulator } from '../../local/genesys-simulator.ts';
import { listen, type RunningServer } from '../../local/http-server.ts';
import { startSecretsManager } from '../../local/secrets-manager.ts';
import { startSqs } from '../../local/sqs.ts';
import { startBrowser } from '../support/browser.ts';

type Service = 'dynamodb' | 'secrets' | 'sqs' | 'genesys';
const services: readonly Service[] = ['dynamodb', 'secrets', 'sqs', 'genesys'];

// Processes and browsers of their own take their time on a busy machine.
jest.setTimeout(120_000);

describe('what only tools on this machine may call', () => {
  let servers: Record<Service, RunningServer>;
  let genesys: GenesysSimulator;
  let client: DynamoDBClient;
  beforeAll(async () => {
    genesys = await startGenesysSimulator();
    servers = {
      dynamodb: await startDynamoDb(),
      secrets: await startSecretsManager({ secrets: { id: 'the secret' } }),
      sqs: await startSqs({ queues: { work: {} } }),
      genesys,
    };
    client = new DynamoDBClient({
      endpoint: servers.dynamodb.url,
      region: localRegion,
      credentials: localCredentials,
    });
    await client.send(
      new PutItemCommand({
        TableName: 'crm',
        Item: { sessionHash: { S: 'a' }, email: { S: 'jane@shop.example' } },
      }),
    );
  });
  afterAll(async () => {
    client.destroy();
    await Promise.all(Object.values(servers).map((server) => server.close()));
  });

  const send = (url: string, headers: Record<string, string>, method = 'POST') =>
    new Promise<{ status: number | undefined; cors: unknown }>((resolve, reject) => {
      const sent = request(url, { method, headers }, (response) => {
        response.resume();
        response.on('end', () =>
          resolve({
            status: response.statusCode,
            cors: response.headers['access-control-allow-origin'],
          }),
        );
      });
      sent.on('error', reject);
      sent.end();
    });
  const refused = { status: 403, cors: undefined };

  it.each(services)('refuses every origin at %s, its own one too, and preflights', async (service) => {
    const { url } = servers[service];
    expect(await send(url, { origin: 'https://evil.example' })).toEqual(refused);
    expect(await send(url, { origin: 'null' })).toEqual(refused);
    expect(await send(url, { origin: url })).toEqual(refused);
    expect(await send(url, { origin: 'https://evil.example' }, 'OPTIONS')).toEqual(refused);
    expect(await send(url, { 'sec-fetch-site': 'cross-site' }, 'GET')).toEqual(refused);
  });

  it.each(services)('refuses foreign hosts at %s, and serves the names of this machine', async (service) => {
    const { url, port } = servers[service];
    for (const host of ['evil.example', `evil.example:${port}`, `127.0.0.1.evil.example:${port}`]) {
      expect([host, await send(url, { host })]).toEqual([host, refused]);
    }
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`]) {
      expect((await send(url, { host })).status).not.toBe(403);
    }
  });

  it('lets a person open an address of the simulator in a browser', async () => {
    const { status } = await send(
      `${genesys.url}/_control/calls`,
      { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
      'GET',
    );
    expect(status).toBe(200);
  });

  describe('from a page of another site in a real browser', () => {
    let browser: Browser;
    let evil: RunningServer;
    beforeAll(async () => {
      browser = await startBrowser();
      evil = await listen((_, response) => {
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end('<!doctype html><title>evil</title>');
      });
    });
    afterAll(async () => {
      await browser?.close();
      await evil?.close();
    });

    it('reads nothing, deletes nothing, and arms no fault', async () => {
      const page = await browser.newPage();
      // Another name, so another site.
      await page.goto(`http://localhost:${evil.port}/`);
      const attempt = (url: string, headers: Record<string, string>, body: string) =>
        page.evaluate(
          async ([to, sent, text]) => {
            const outcomes: string[] = [];
            for (const mode of ['cors', 'no-cors'] as const) {
              const answer = await fetch(to, { method: 'POST', headers: sent, body: text, mode }).then(
                async (response) => `${response.status} ${await response.text()}`,
                () => 'failed',
              );
              outcomes.push(answer);
            }
            return outcomes;
          },
          [url, headers, body] as const,
        );
      const nothing = ['failed', '0 '];
      const plain = { 'content-type': 'text/plain' };
      const target = (operation: string) => ({
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
        authorization:
          'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=b',
        'x-amz-date': '20260101T000000Z',
      });
      const { dynamodb } = servers;
      expect(await attempt(dynamodb.url, target('Scan'), '{"TableName":"crm"}')).toEqual(nothing);
      expect(await attempt(dynamodb.url, target('DeleteTable'), '{"TableName":"guests"}')).toEqual(nothing);
      expect(
        await attempt(`${genesys.url}/_control/faults`, plain, '{"kind":"status","status":500}'),
      ).toEqual(nothing);
      expect(await attempt(`${genesys.url}/_control/reset`, plain, '')).toEqual(nothing);
      const form = await page.evaluate(
        ({ action }) =>
          new Promise<boolean>((resolve) => {
            const frame = document.createElement('iframe');
            frame.name = 'target';
            const sent = document.createElement('form');
            Object.assign(sent, { action, method: 'post', enctype: 'text/plain', target: 'target' });
            const field = document.createElement('input');
            Object.assign(field, { name: '{"kind":"hang","x":"', value: '"}' });
            sent.append(field);
            document.body.append(frame, sent);
            frame.addEventListener('load', () => resolve(true));
            sent.submit();
          }),
        { action: `${genesys.url}/_control/faults` },
      );
      expect(form).toBe(true);

      const { Items } = await client.send(new ScanCommand({ TableName: 'crm' }));
      expect(Items).toHaveLength(1);
      await client.send(new ScanCommand({ TableName: 'guests' }));
      const token = await fetch(`${genesys.url}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: 'local-client',
          client_secret: 'local-client-secret',
        }),
      });
      expect(token.status).toBe(200);
      expect(genesys.counts.oauth).toBe(1);
    });
  });
});
