import { describe, expect, it } from '@jest/globals';
import { GuestError } from '../../lambda/guest/errors.ts';
import type { Reply } from './scripted-transport.ts';
import { createTestCredentials, createWorld, type World } from './world.ts';

const get = (world: World, budgetMs = 8000) =>
  world.within(budgetMs, (deadline) => world.oauth.get(deadline));
const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => 'no failure',
    (error: unknown) => error,
  );
const invalidClient = (status: number): Reply => ({
  status,
  body: { error: 'invalid_client', description: 'authentication failed' },
});
const rateLimited = (retryAfter?: string): Reply => ({
  status: 400,
  headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
  body: { error: 'invalid_request', description: 'rate limit exceeded; try again later' },
});

describe('asking for a token', () => {
  it('sends the credentials and the scopes as a form', async () => {
    const world = createWorld();
    expect(await get(world)).toBe('oauth-token-1');
    const [sent] = world.genesys.calls('oauth');
    expect(sent).toMatchObject({
      method: 'POST',
      url: 'https://login.example.com/oauth/token',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    expect(sent?.headers).not.toHaveProperty('Authorization');
    expect(Object.fromEntries(new URLSearchParams(sent?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'client-1',
      client_secret: 'client-secret-of-first-generation',
      scope: 'webchat:guest:write webchat:token:write',
    });
  });

  it('sends them by HTTP Basic, without scopes, to the published login host', async () => {
    const world = createWorld({ style: 'basic' });
    await get(world);
    const [sent] = world.genesys.calls('oauth');
    expect(sent?.body).toBe('grant_type=client_credentials');
    const basic = Buffer.from('client-1:client-secret-of-first-generation').toString('base64');
    expect(sent?.headers['Authorization']).toBe(`Basic ${basic}`);
  });

  it.each([
    ['no token', { token_type: 'bearer', expires_in: 60 }],
    ['no lifetime', { access_token: 't', token_type: 'bearer' }],
    ['a lifetime in words', { access_token: 't', token_type: 'bearer', expires_in: '3600' }],
    ['a token that would break the header', { access_token: 't\r\nX: y', expires_in: 3600 }],
    ['another kind of token', { access_token: 't', token_type: 'mac', expires_in: 3600 }],
    ['a kind that only begins as ours', { access_token: 't', token_type: 'bearer2', expires_in: 3600 }],
    ['a kind that only ends as ours', { access_token: 't', token_type: 'mac-bearer', expires_in: 3600 }],
    ['no JSON', undefined],
  ])('does not believe a response with %s', async (_, body) => {
    const world = createWorld();
    world.genesys.script('oauth', { status: 200, body });
    expect(await failureOf(get(world))).toMatchObject({ code: 'rejected' });
    expect(world.genesys.calls('oauth')).toHaveLength(1);
  });
});

describe('keeping the token', () => {
  it('lasts until 60 s before its end', async () => {
    const world = createWorld();
    await get(world);
    await world.clock.advance(3_539_000);
    expect(await get(world)).toBe('oauth-token-1');
    await world.clock.advance(1000);
    expect(await get(world)).toBe('oauth-token-2');
  });

  it('lasts one second of a lifetime of 61 s', async () => {
    const world = createWorld();
    world.genesys.lifetime.seconds = 61;
    await get(world);
    await world.clock.advance(999);
    expect(await get(world)).toBe('oauth-token-1');
    await world.clock.advance(1);
    expect(await get(world)).toBe('oauth-token-2');
  });

  it('asks once for 50 callers at once', async () => {
    const world = createWorld();
    const tokens = await world.within(8000, (deadline) =>
      Promise.all(Array.from({ length: 50 }, () => world.oauth.get(deadline))),
    );
    expect(new Set(tokens)).toEqual(new Set(['oauth-token-1']));
    expect(world.genesys.calls('oauth')).toHaveLength(1);
  });

  it('gives a token of 60 s or less only to those who waited for it', async () => {
    const world = createWorld();
    world.genesys.lifetime.seconds = 60;
    const both = await world.within(8000, (deadline) =>
      Promise.all([world.oauth.get(deadline), world.oauth.get(deadline)]),
    );
    expect(both).toEqual(['oauth-token-1', 'oauth-token-1']);
    expect(await get(world)).toBe('oauth-token-2');
  });

  it.each<[string, Reply]>([
    ['500', { status: 500 }],
    ['400', { status: 400, body: { error: 'invalid_scope' } }],
    ['garbage', { status: 200, body: 'garbage' }],
  ])('does not keep a failure: after %s the next request asks again', async (_, reply) => {
    const world = createWorld();
    world.genesys.script('oauth', reply);
    expect(await failureOf(get(world))).toBeInstanceOf(Error);
    expect(await get(world)).toMatch(/^oauth-token-/);
    expect(world.genesys.calls('oauth')).toHaveLength(2);
  });

  it('lets each caller wait with its own deadline', async () => {
    const world = createWorld();
    world.genesys.script('oauth', 'hang', 'hang', 'hang');
    const impatient = failureOf(get(world, 500));
    expect(await impatient).toMatchObject({ code: 'deadline_exceeded' });
  });
});

describe('a failing token endpoint', () => {
  it.each<[string, Reply]>([
    ['a refused connection', 'refused'],
    ['a lost connection', 'reset'],
    ['a timeout', 'hang'],
    ['502', { status: 502 }],
    ['503', { status: 503 }],
    ['504', { status: 504 }],
  ])('is asked again after %s', async (_, reply) => {
    const world = createWorld();
    world.genesys.script('oauth', reply);
    expect(await get(world)).toMatch(/^oauth-token-/);
    expect(world.genesys.calls('oauth')).toHaveLength(2);
  });

  it('is asked three times at most, also for many callers', async () => {
    const world = createWorld();
    world.genesys.latency.ms = 20;
    world.genesys.script('oauth', 'reset', 'reset', 'reset', 'reset');
    const failures = await world.within(8000, (deadline) =>
      Promise.all(Array.from({ length: 20 }, () => failureOf(world.oauth.get(deadline)))),
    );
    expect(new Set(failures.map((failure) => (failure as { code?: string }).code))).toEqual(
      new Set(['unavailable']),
    );
    expect(world.genesys.calls('oauth')).toHaveLength(3);
  });

  it.each([500, 404, 302])('is not asked again after %d', async (status) => {
    const world = createWorld();
    world.genesys.script('oauth', { status });
    expect(await failureOf(get(world))).toMatchObject({
      code: status === 500 ? 'unavailable' : 'rejected',
    });
    expect(world.genesys.calls('oauth')).toHaveLength(1);
  });

  it('names the missing scope of a 403 for the operator', async () => {
    const world = createWorld();
    const cause = 'scope webchat:token:write is not granted';
    world.genesys.script('oauth', { status: 403, body: { error: 'forbidden', cause } });
    expect(await failureOf(get(world))).toMatchObject({ code: 'rejected' });
    expect(world.telemetry.of('genesys_permission_missing')).toEqual([
      { endpoint: 'oauth', permissions: 'webchat:token:write' },
    ]);
  });
});

describe('limits of the token endpoint', () => {
  it.each<[string, Reply]>([
    ['400 invalid_request "rate limit exceeded"', rateLimited('2')],
    ['429', { status: 429, headers: { 'retry-after': '2' } }],
  ])('are waited for when they arrive as %s', async (_, reply) => {
    const world = createWorld();
    world.genesys.script('oauth', reply);
    await get(world);
    const [first, second] = world.genesys.calls('oauth');
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBe(2000);
  });

  it('are waited for exponentially from 1 s where no time is named', async () => {
    const world = createWorld({ random: () => 0.999 });
    world.genesys.script('oauth', rateLimited(), rateLimited());
    await get(world);
    const at = world.genesys.calls('oauth').map(({ atMs }) => atMs);
    expect([(at[1] ?? 0) - (at[0] ?? 0), (at[2] ?? 0) - (at[1] ?? 0)]).toEqual([999, 1998]);
  });

  it('are LimitedError where the wait does not fit the budget, which the use case may queue', async () => {
    const world = createWorld();
    world.genesys.script('oauth', rateLimited('30'));
    expect(await failureOf(get(world))).toMatchObject({ name: 'LimitedError', waitMs: 30_000, daily: false });
  });

  it('let all callers come back together, to one request', async () => {
    let turn = 0;
    const random = () => {
      turn += 1;
      return (turn % 10) / 10;
    };
    const world = createWorld({ random });
    world.genesys.latency.ms = 20;
    world.genesys.script('oauth', rateLimited(), rateLimited());
    await world.within(8000, (deadline) =>
      Promise.all(Array.from({ length: 20 }, () => world.oauth.get(deadline))),
    );
    expect(world.genesys.calls('oauth')).toHaveLength(3);
    const waits = world.telemetry.of('genesys_limited').map((fields) => fields?.['waitMs']);
    expect(waits).toHaveLength(40);
    expect(new Set(waits.slice(0, 20)).size).toBe(1);
    expect(new Set(waits.slice(20)).size).toBe(1);
  });

  it('hold for the whole container until the time that was named has come', async () => {
    const world = createWorld();
    world.genesys.script('oauth', rateLimited('60'));
    await failureOf(get(world));
    await world.clock.advance(50_000);
    const failure = await failureOf(get(world));
    expect(failure).toMatchObject({ name: 'LimitedError' });
    expect((failure as { waitMs?: number }).waitMs).toBeGreaterThanOrEqual(9000);
    expect(world.genesys.calls('oauth')).toHaveLength(1);
    await world.clock.advance(10_000);
    expect(await get(world)).toBe('oauth-token-1');
  });

  it('end the request at once when the wait would leave no time for a guest and its token', async () => {
    const world = createWorld();
    world.genesys.script('oauth', rateLimited('6'));
    const startedAt = world.clock.now();
    expect(await failureOf(get(world))).toMatchObject({ name: 'LimitedError', waitMs: 6000 });
    expect(world.clock.now() - startedAt).toBeLessThan(200);
  });

  it('are not waited for where the caller does not want to', async () => {
    const world = createWorld();
    world.genesys.script('oauth', rateLimited('1'));
    const work = world.within(8000, (deadline) => world.oauth.get(deadline, false));
    expect(await failureOf(work)).toMatchObject({ name: 'LimitedError', waitMs: 1000 });
  });

  it.each([
    { error: 'invalid_request', description: 'the rate limit exceeded field is unknown' },
    { error: 'invalid_scope', description: 'rate limit exceeded is not a scope' },
  ])('are no limits when another fault is meant: %j', async (body) => {
    const world = createWorld();
    world.genesys.script('oauth', { status: 400, body });
    expect(await failureOf(get(world))).toMatchObject({ name: 'GuestError', code: 'rejected' });
  });
});

describe('a rotated secret', () => {
  const rotated = () => {
    const credentials = createTestCredentials();
    credentials.state.stored = {
      ...credentials.state.known,
      clientSecret: 'client-secret-of-second-generation',
    };
    return credentials;
  };

  it.each([400, 401])('is read again on invalid_client (%d), and the request repeated', async (status) => {
    const credentials = rotated();
    const world = createWorld({ credentials });
    world.genesys.script('oauth', invalidClient(status));
    await get(world);
    const secrets = world.genesys
      .calls('oauth')
      .map(({ body }) => new URLSearchParams(body).get('client_secret'));
    expect(secrets).toEqual(['client-secret-of-first-generation', 'client-secret-of-second-generation']);
    expect(credentials.state.refreshes).toBe(1);
  });

  it('may be another client altogether', async () => {
    const credentials = createTestCredentials();
    credentials.state.stored = { ...credentials.state.known, clientId: 'client-2' };
    const world = createWorld({ credentials });
    world.genesys.script('oauth', invalidClient(401));
    await get(world);
    expect(world.genesys.calls('oauth')).toHaveLength(2);
  });

  it('is final where nothing newer is known: the operator is told, the caller only that it was refused', async () => {
    const world = createWorld();
    world.genesys.script('oauth', invalidClient(401));
    expect(await failureOf(get(world))).toMatchObject({ code: 'rejected' });
    expect(world.credentials.state.refreshes).toBe(1);
    expect(world.genesys.calls('oauth')).toHaveLength(1);
    expect(world.telemetry.of('oauth_credentials_refused')).toEqual([{ status: 401 }]);
  });

  it('is not asked for again for five seconds where nothing newer is known, nor is the secret', async () => {
    const world = createWorld();
    world.genesys.script('oauth', invalidClient(401));
    await failureOf(get(world));
    await world.clock.advance(4900);
    expect(await failureOf(get(world))).toMatchObject({ code: 'rejected' });
    expect(world.genesys.calls('oauth')).toHaveLength(1);
    expect(world.credentials.state.refreshes).toBe(1);
    await world.clock.advance(100);
    expect(await get(world)).toMatch(/^oauth-token-/);
  });

  it('is a refusal as any other where the secret cannot be read again: asked for once in five seconds', async () => {
    const credentials = {
      ...createTestCredentials(),
      refresh: async () => {
        throw new Error('The secret cannot be read.');
      },
    };
    const world = createWorld({ credentials });
    world.genesys.script('oauth', invalidClient(401), invalidClient(401));
    expect(await failureOf(get(world))).toMatchObject({ code: 'rejected' });
    expect(await failureOf(get(world))).toMatchObject({ code: 'rejected' });
    expect(world.genesys.calls('oauth')).toHaveLength(1);
  });

  it('ends those five seconds as soon as it is read for another reason', async () => {
    const world = createWorld();
    world.genesys.script('oauth', invalidClient(401));
    await failureOf(get(world));
    world.credentials.state.known = { ...world.credentials.state.known, clientSecret: 'mended' };
    expect(await get(world)).toMatch(/^oauth-token-/);
    expect(world.genesys.calls('oauth')).toHaveLength(2);
  });

  it('counts as refused by what was refused last, after a rotation that mended nothing', async () => {
    const credentials = rotated();
    const world = createWorld({ credentials });
    world.genesys.script('oauth', invalidClient(401), invalidClient(401));
    await failureOf(get(world));
    expect(world.genesys.calls('oauth')).toHaveLength(2);
    // The refused pair is the newer one, which is in use now.
    expect(await failureOf(get(world))).toMatchObject({ code: 'rejected' });
    expect(world.genesys.calls('oauth')).toHaveLength(2);
  });

  it('is tried once only', async () => {
    const credentials = rotated();
    const world = createWorld({ credentials });
    world.genesys.script('oauth', invalidClient(401), invalidClient(401));
    expect(await failureOf(get(world))).toMatchObject({ code: 'rejected' });
    expect(world.genesys.calls('oauth')).toHaveLength(2);
  });

  it('does not cost a token that still works', async () => {
    const world = createWorld();
    await get(world);
    world.credentials.state.known = { ...world.credentials.state.known, clientSecret: 'next' };
    expect(await get(world)).toBe('oauth-token-1');
  });
});

describe('what an operator reads of the token endpoint', () => {
  it('is that it was asked, and no fault while it answers', async () => {
    const world = createWorld();
    await get(world);
    expect(world.telemetry.of('oauth_requested')).toHaveLength(1);
    for (const event of ['oauth_failed', 'genesys_refused', 'oauth_credentials_refused'] as const) {
      expect(world.telemetry.of(event)).toEqual([]);
    }
  });

  it.each<[string, Reply, readonly object[], number]>([
    ['400', { status: 400 }, [{ reason: 'refused', status: 400 }], 1],
    ['499', { status: 499 }, [{ reason: 'refused', status: 499 }], 1],
    ['500', { status: 500 }, [{ reason: 'refused', status: 500 }], 0],
    ['garbage', { status: 200, body: 'garbage' }, [{ reason: 'malformed', status: undefined }], 0],
    ['a hang', 'hang', [{ reason: 'lost', status: undefined }], 0],
    ['a limit', { status: 429, headers: { 'retry-after': '60' } }, [], 0],
    ['refused credentials', invalidClient(401), [], 0],
  ])('after %s is why, and a refusal where it is one', async (_, reply, failures, refusals) => {
    const world = createWorld();
    world.genesys.script('oauth', reply);
    await failureOf(get(world, 4500));
    expect(world.telemetry.of('oauth_failed')).toEqual(failures);
    expect(world.telemetry.of('genesys_refused')).toHaveLength(refusals);
  });

  it('is that a limit was met there', async () => {
    const world = createWorld();
    world.genesys.script('oauth', rateLimited('60'));
    await failureOf(get(world));
    expect(world.telemetry.of('genesys_limited')).toMatchObject([{ endpoint: 'oauth', waitMs: 60_000 }]);
  });

  it('is that a rotated secret was found', async () => {
    const credentials = createTestCredentials();
    credentials.state.stored = { ...credentials.state.known, clientSecret: 'newer' };
    const world = createWorld({ credentials });
    world.genesys.script('oauth', invalidClient(401));
    await get(world);
    expect(world.telemetry.of('oauth_credentials_renewed')).toHaveLength(1);
    expect(world.telemetry.of('oauth_credentials_refused')).toEqual([]);
  });
});

describe('what is taken for refused credentials', () => {
  it('is no 403, whatever it says', async () => {
    const world = createWorld();
    world.genesys.script('oauth', { status: 403, body: { error: 'invalid_client' } });
    expect(await failureOf(get(world))).toMatchObject({ code: 'rejected' });
    expect(world.credentials.state.refreshes).toBe(0);
  });

  it('is not tried again under the same pair only: another client with the same secret is', async () => {
    const world = createWorld();
    world.genesys.script('oauth', invalidClient(401));
    await failureOf(get(world));
    world.credentials.state.known = { ...world.credentials.state.known, clientId: 'client-2' };
    expect(await get(world)).toMatch(/^oauth-token-/);
  });

  it('is what it is where the time ends while the secret is read again', async () => {
    const credentials = {
      ...createTestCredentials(),
      refresh: async () => {
        throw new GuestError('deadline_exceeded');
      },
    };
    const world = createWorld({ credentials });
    world.genesys.script('oauth', invalidClient(401));
    expect(await failureOf(get(world))).toMatchObject({ code: 'deadline_exceeded' });
  });

  it('is no limit either: only a 400 is the token endpoint’s own way of limiting', async () => {
    const world = createWorld();
    const body = { error: 'invalid_request', description: 'rate limit exceeded' };
    world.genesys.script('oauth', { status: 403, body });
    expect(await failureOf(get(world))).toMatchObject({ name: 'GuestError', code: 'rejected' });
  });
});

describe('a token that Genesys refused', () => {
  const invalidate = (world: World, token: string) =>
    world.within(8000, (deadline) => world.oauth.invalidate(token, deadline));

  it('is forgotten, which an operator reads', async () => {
    const world = createWorld();
    await invalidate(world, await get(world));
    expect(world.telemetry.of('oauth_token_refused')).toHaveLength(1);
    expect(await get(world)).toBe('oauth-token-2');
  });

  it('costs none that was obtained since, and nothing where there is none', async () => {
    const world = createWorld();
    await invalidate(world, 'an older token');
    expect(await get(world)).toBe('oauth-token-1');
    await invalidate(world, 'an older token');
    expect(await get(world)).toBe('oauth-token-1');
  });
});
