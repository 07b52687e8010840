import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CheckFailed, CheckSkipped } from '../../infra/checks/check.ts';
import { checkResolve } from '../../infra/checks/resolve-check.ts';
import type { Stack } from '../../infra/stack-outputs.ts';

const arn = 'arn:aws:lambda:eu-central-1:111122223333:function:resolve:live';
let server: Server;
let response: { body: string; error?: string; status?: number };
const asked: { path: string; body: string }[] = [];

beforeAll(async () => {
  server = createServer((request, reply) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      asked.push({ path: decodeURIComponent(request.url ?? ''), body });
      const { status = 200, error } = response;
      reply.writeHead(status, {
        'Content-Type': 'application/json',
        ...(error === undefined ? {} : { 'X-Amz-Function-Error': error }),
        ...(status === 403 ? { 'X-Amzn-ErrorType': 'AccessDeniedException' } : {}),
      });
      reply.end(response.body);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  process.env['AWS_ENDPOINT_URL_LAMBDA'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  delete process.env['AWS_ENDPOINT_URL_LAMBDA'];
  server.close();
});

const stack = (resolveFunctionArn?: string): Stack => ({
  label: 'environment test',
  environment: 'test',
  isLocal: false,
  crmTableName: 'crm',
  guestTableName: 'guests',
  secretId: 'secret',
  resolveFunctionArn,
  genesys: undefined,
  aws: {
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    endpoints: {},
  },
});

describe('Preflight asks resolve about a stranger', () => {
  it('by its alias, with an event of the message flow, and is content when nobody is known', async () => {
    response = { body: '{"found":false}' };
    expect(await checkResolve(stack(arn))).toContain('knows no stranger');
    expect(asked.at(-1)?.path).toContain(arn);
    expect(JSON.parse(asked.at(-1)?.body ?? '')).toEqual({
      guestReference: 'preflight',
      conversationId: 'preflight',
    });
  });

  it.each([
    ['an error of the function', { body: '{}', error: 'Unhandled' }, /ResolveLogGroup/],
    ['somebody who is known', { body: '{"found":true}' }, /something else/],
    ['a missing permission', { body: '{}', status: 403 }, /DeployerPolicyArn/],
  ])('and fails on %s', async (_, given, message) => {
    response = given;
    const failure = checkResolve(stack(arn));
    await expect(failure).rejects.toBeInstanceOf(CheckFailed);
    await expect(failure).rejects.toThrow(message);
  });

  it('and says so where the stack has no such function', async () => {
    const skipped = checkResolve(stack());
    await expect(skipped).rejects.toBeInstanceOf(CheckSkipped);
    await expect(skipped).rejects.toThrow(/agentView/);
  });
});
