import { request } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { APIGatewayProxyEvent, APIGatewayProxyEventV2, Context } from 'aws-lambda';
import { createCallJournal } from '../../local/gateway/call-journal.ts';
import { type GatewayOptions, startGateway } from '../../local/gateway.ts';
import type { RunningServer } from '../../local/http-server.ts';

const path = '/api/webchat/init';

describe('the gateway', () => {
  let gateway: RunningServer | undefined;
  afterEach(async () => {
    await gateway?.close();
    gateway = undefined;
  });
  const start = async (options: GatewayOptions): Promise<string> => {
    gateway = await startGateway(options);
    return gateway.url;
  };
  const recording = () => {
    const seen: { event: unknown; context: Context }[] = [];
    const handler = (event: unknown, context: Context) => {
      seen.push({ event, context });
      return { statusCode: 200, headers: { 'X-One': 1 }, body: '{"ok":true}' };
    };
    return { seen, handler };
  };
  /** Sends header names as they are written, twice if need be. */
  const sendRaw = (url: string, headers: string[]): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const sent = request(`${url}${path}?a=1&a=2`, { method: 'POST', headers }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode));
      });
      sent.on('error', reject);
      sent.end('{"sessionId":"s"}');
    });
  const wire = ['Host', 'shop.example', 'X-Twice', 'one', 'X-Twice', 'two', 'User-Agent', 'test'];

  it('turns a request into the event of a REST API', async () => {
    const { seen, handler } = recording();
    const url = await start({ handler });
    expect(await sendRaw(url, [...wire, 'Content-Length', '17'])).toBe(200);
    const event = seen[0]?.event as APIGatewayProxyEvent;
    expect(event).toMatchObject({
      resource: path,
      path,
      httpMethod: 'POST',
      headers: { Host: 'shop.example', 'X-Twice': 'two' },
      multiValueHeaders: { 'X-Twice': ['one', 'two'] },
      queryStringParameters: { a: '2' },
      multiValueQueryStringParameters: { a: ['1', '2'] },
      pathParameters: null,
      body: '{"sessionId":"s"}',
      isBase64Encoded: false,
      requestContext: {
        domainName: 'shop.example',
        httpMethod: 'POST',
        identity: { sourceIp: '127.0.0.1', userAgent: 'test' },
        requestId: expect.stringMatching(/^[\da-f-]{36}$/),
        requestTime: expect.stringMatching(/^\d{2}\/[A-Z][a-z]{2}\/\d{4}:\d{2}:\d{2}:\d{2} \+0000$/),
      },
    });
  });

  it('can speak payload 2.0 too', async () => {
    const { seen, handler } = recording();
    const url = await start({ handler, payload: '2.0' });
    await sendRaw(url, [...wire, 'Cookie', 'a=b; c=d', 'Content-Length', '17']);
    expect(seen[0]?.event as APIGatewayProxyEventV2).toMatchObject({
      version: '2.0',
      rawPath: path,
      rawQueryString: 'a=1&a=2',
      queryStringParameters: { a: '1,2' },
      cookies: ['a=b', 'c=d'],
      headers: { host: 'shop.example', 'x-twice': 'one,two' },
      requestContext: { http: { method: 'POST', path, sourceIp: '127.0.0.1' } },
      body: '{"sessionId":"s"}',
    });
  });

  it('gives the function a context whose time runs out', async () => {
    const { seen, handler } = recording();
    const url = await start({ handler, functionName: 'guests', timeoutMs: 5000 });
    await fetch(`${url}${path}`, { method: 'POST' });
    const context = seen[0]?.context;
    expect(context).toMatchObject({
      functionName: 'guests',
      awsRequestId: expect.stringMatching(/^[\da-f-]{36}$/),
      invokedFunctionArn: expect.stringContaining(':function:guests'),
    });
    const before = context?.getRemainingTimeInMillis() ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 30));
    const after = context?.getRemainingTimeInMillis() ?? 0;
    expect(before).toBeLessThanOrEqual(5000);
    expect(before - after).toBeGreaterThanOrEqual(25);
  });

  it('passes headers, repeated headers and binary bodies of the answer on', async () => {
    const url = await start({
      handler: () => ({
        statusCode: 202,
        headers: { 'Retry-After': '3' },
        multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'] },
        body: Buffer.from('grün').toString('base64'),
        isBase64Encoded: true,
      }),
    });
    const answer = await fetch(`${url}${path}`, { method: 'POST' });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('retry-after')).toBe('3');
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await answer.text()).toBe('grün');
  });

  it('responds as the deployed gateway does when the function takes too long, throws or returns nonsense', async () => {
    const errors: unknown[] = [];
    const kinds: Record<string, () => unknown> = {
      slow: () => new Promise(() => undefined),
      broken: () => {
        throw new Error('secret detail');
      },
      nonsense: () => 'hello',
    };
    const url = await start({
      timeoutMs: 1000,
      onError: (error) => errors.push(error),
      handler: (event) => kinds[(event as APIGatewayProxyEvent).body ?? '']?.(),
    });
    const call = async (body: string) => {
      const answer = await fetch(`${url}${path}`, { method: 'POST', body });
      return [answer.status, await answer.json()];
    };
    for (const kind of ['slow', 'broken', 'nonsense']) {
      expect(await call(kind)).toEqual([500, expect.objectContaining({ code: 'internal_error' })]);
    }
    expect(errors).toHaveLength(3);
  });

  it('serves the page under a strict content security policy, and nothing else', async () => {
    const assets = new Map([['/', { contentType: 'text/html; charset=utf-8', body: '<p>hello' }]]);
    const url = await start({ handler: () => undefined, assets: () => assets });
    const page = await fetch(url);
    expect(await page.text()).toBe('<p>hello');
    expect(page.headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self';/);
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect((await fetch(`${url}/../../etc/passwd`)).status).toBe(404);
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
  });

  it('tells how long each service took', async () => {
    const journal = createCallJournal();
    journal.listener({ service: 'genesys', operation: 'guest', durationMs: 1 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const url = await start({
      journal,
      handler: () => {
        journal.listener({ service: 'secrets', operation: 'GetSecretValue', durationMs: 0.04 });
        return { statusCode: 200, body: '{}' };
      },
    });
    const timing = (await fetch(`${url}${path}`, { method: 'POST' })).headers.get('server-timing');
    expect(timing).toMatch(
      /^function;dur=[\d.]+;desc="Function", secrets-0;dur=0\.0;start=[\d.]+;desc="Read the secret"$/,
    );
  });

  it('limits an address with the very response of the firewall', async () => {
    const url = await start({
      handler: () => ({ statusCode: 200, body: '{}' }),
      edge: () => ({ origins: ['https://www.example.com'] }),
      limits: { requestsPerAddress: 2 },
    });
    const ask = (method: string) => fetch(`${url}${path}`, { method });
    expect([(await ask('POST')).status, (await ask('OPTIONS')).status, (await ask('POST')).status]).toEqual([
      200, 403, 200,
    ]);
    const limited = await ask('POST');
    expect(limited.status).toBe(429);
    expect(limited.headers.get('access-control-allow-origin')).toBe('*');
    expect(limited.headers.get('retry-after')).toBe('60');
    expect(await limited.json()).toMatchObject({ code: 'too_many_requests', retryable: true });
    expect((await ask('OPTIONS')).status).toBe(403);
  });

  it('says which port is taken', async () => {
    await start({ handler: () => undefined });
    await expect(startGateway({ handler: () => undefined, port: gateway?.port ?? 0 })).rejects.toThrow(
      new RegExp(`^Port ${gateway?.port} is in use; .*\\.$`),
    );
  });
});
