import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  AmbiguousCreationError,
  LeaseTooShortError,
  LimitedError,
  UnknownGuestError,
} from '../../lambda/guest/errors.ts';
import type { RegisterCommand } from '../../lambda/guest/ports.ts';
import type { Reply } from './scripted-transport.ts';
import { command, createWorld, jane, registered, session, timeoutMs, type World } from './world.ts';

const register = (world: World, request: RegisterCommand = command(), budgetMs = 8000) =>
  world.within(budgetMs, (deadline) => world.webchat.register(request, deadline));

const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

const limited = (retryAfter?: string): Reply => ({
  status: 429,
  headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter },
  body: { code: 'too.many.requests.retry.after', status: 429 },
});
const status = (code: number, body: unknown = {}, headers: Record<string, string> = {}): Reply => ({
  status: code,
  body,
  headers,
});

describe('creating a guest', () => {
  it('sends name, e-mail, consent and the mapped attributes with the bearer token', async () => {
    const world = createWorld();
    expect(await register(world)).toEqual({ guestId: 'guest-2' });
    const [sent] = world.genesys.calls('guest');
    expect(sent).toMatchObject({
      method: 'POST',
      url: 'https://api.example.com/api/v2/webchat/v1/guests',
      headers: { Authorization: 'Bearer oauth-token-1', 'Content-Type': 'application/json' },
    });
    expect(JSON.parse(sent?.body ?? '')).toEqual({
      name: 'Jane',
      email: 'jane.roe@customers.example',
      consentGiven: true,
      consentType: 'explicit',
      attributes: { crmTier: 'Enterprise', historicalTickets: 12, integrationSource: 'node-middleware-v1' },
    });
  });

  it.each([undefined, '', '  '])(
    'names a visitor whose first name is %j Anonymous Visitor',
    async (firstName) => {
      const world = createWorld();
      await register(
        world,
        command({
          profile: {
            email: 'a@b.example',
            anonymous: false,
            ...(firstName === undefined ? {} : { firstName }),
          },
        }),
      );
      expect(JSON.parse(world.genesys.calls('guest')[0]?.body ?? '')).toEqual({
        name: 'Anonymous Visitor',
        email: 'a@b.example',
        consentGiven: true,
        consentType: 'explicit',
        attributes: { integrationSource: 'node-middleware-v1' },
      });
    },
  );

  it('does not let an attribute pass for the integration source', async () => {
    const world = createWorld({ attributeMap: { integrationSource: 'tier' } });
    await register(world);
    expect(JSON.parse(world.genesys.calls('guest')[0]?.body ?? '').attributes).toEqual({
      integrationSource: 'node-middleware-v1',
    });
  });

  it('passes on that consent was refused, and lets Genesys decide', async () => {
    const world = createWorld();
    await register(world, command({ consent: { given: false, type: 'implicit', stated: true } }));
    expect(JSON.parse(world.genesys.calls('guest')[0]?.body ?? '')).toMatchObject({
      consentGiven: false,
      consentType: 'implicit',
    });
  });

  it.each([
    { code: 'consent.required', message: 'no' },
    { code: 'bad.request', message: 'The guest has not given CONSENT.' },
  ])('is consent_required after a 400 that names consent: %j', async (body) => {
    const world = createWorld();
    world.genesys.script('guest', status(400, body));
    expect(await failureOf(register(world))).toMatchObject({ code: 'consent_required' });
  });

  it('is rejected after a 403, though that names consent', async () => {
    const world = createWorld();
    world.genesys.script('guest', status(403, { message: 'no consent' }));
    expect(await failureOf(register(world))).toMatchObject({ code: 'rejected' });
  });

  it('tells the caller when to come back also where a guest may exist', async () => {
    const world = createWorld();
    world.genesys.script('guest', status(500, {}, { 'retry-after': '7' }));
    expect(await failureOf(register(world))).toMatchObject({
      name: 'AmbiguousCreationError',
      retryAfterSeconds: 7,
    });
  });

  it('is done with the profile, by the name that the registry keeps', () => {
    const { name, guestHasProfile, mint } = createWorld().webchat;
    expect([name, guestHasProfile, mint]).toEqual(['webchat-v1', true, undefined]);
  });

  it.each([
    ['another 400', status(400, { code: 'bad.request', message: 'email is invalid' })],
    ['403', status(403, { message: 'missing scope' })],
    ['409', status(409)],
    ['a redirect', status(302, '', { location: 'https://elsewhere.example/' })],
  ])('is rejected after %s, without a second attempt', async (_, reply) => {
    const world = createWorld();
    world.genesys.script('guest', reply);
    const failure = await failureOf(register(world));
    expect(failure).toMatchObject({ code: 'rejected' });
    expect(failure).not.toBeInstanceOf(AmbiguousCreationError);
    expect(world.genesys.calls('guest')).toHaveLength(1);
  });

  it('records for the operator what was refused, by a published code and the id that support asks for', async () => {
    const world = createWorld();
    const correlationId = '8f3a2b1c-4d5e-6f7a-8b9c-0d1e2f3a4b5c';
    const headers = { 'inin-correlation-id': correlationId };
    world.genesys.script('guest', status(401), status(400, { code: 'bad.request' }, headers));
    await failureOf(register(world));
    expect(world.telemetry.of('genesys_refused')).toEqual([
      { endpoint: 'guest', status: 400, upstreamCode: 'bad.request', correlationId },
    ]);
  });

  it('records for the operator which scope a 403 names, and nothing else of it', async () => {
    const world = createWorld();
    world.genesys.script(
      'guest',
      status(403, {
        cause: 'The token of jane.roe@customers.example lacks the scope webchat:guest:write.',
        message: 'mailto:jane:roe@customers.example is forbidden',
      }),
    );
    await failureOf(register(world));
    expect(world.telemetry.of('genesys_permission_missing')).toEqual([
      { endpoint: 'guest', permissions: 'webchat:guest:write' },
    ]);
  });

  it.each<[string, Reply, string]>([
    ['the connection is lost', 'reset', 'unavailable'],
    ['the attempt times out', 'hang', 'unavailable'],
    ['500', status(500), 'unavailable'],
    ['502', status(502), 'unavailable'],
    ['504', status(504), 'unavailable'],
    ['a 2xx without an id', status(201, {}), 'rejected'],
    ['a 2xx that is no JSON', status(201, undefined), 'rejected'],
    ['an id that would change the path', status(201, { id: '..' }), 'rejected'],
  ])('is never repeated after %s: a guest may exist', async (_, reply, code) => {
    const world = createWorld();
    world.genesys.script('guest', reply);
    const failure = await failureOf(register(world));
    expect(failure).toBeInstanceOf(AmbiguousCreationError);
    expect(failure).toMatchObject({ code });
    expect(world.genesys.calls('guest')).toHaveLength(1);
  });

  it('is ambiguous with deadline_exceeded when the time budget ends meanwhile', async () => {
    const world = createWorld();
    world.genesys.script('guest', 'hang');
    const failure = await failureOf(register(world, command(), 2000));
    expect(failure).toBeInstanceOf(AmbiguousCreationError);
    expect(failure).toMatchObject({ code: 'deadline_exceeded' });
  });

  it.each<[string, Reply]>([
    ['a refused connection', 'refused'],
    ['429', limited()],
    ['503', status(503)],
  ])('is repeated after %s, which created nothing', async (_, reply) => {
    const world = createWorld();
    world.genesys.script('guest', reply);
    expect(await register(world)).toEqual({ guestId: 'guest-2' });
    expect(world.genesys.calls('guest')).toHaveLength(2);
  });

  it.each([
    [499, 1],
    [500, 0],
  ])('is refused for good below 500 only, which an operator reads: %d', async (code, times) => {
    const world = createWorld();
    world.genesys.script('guest', status(code));
    await failureOf(register(world));
    expect(world.telemetry.of('genesys_refused')).toHaveLength(times);
  });

  it.each<[string, Reply]>([
    ['refused connections', 'refused'],
    ['503s', status(503)],
  ])('is given up after three %s', async (_, reply) => {
    const world = createWorld();
    world.genesys.script('guest', reply, reply, reply, reply);
    const failure = await failureOf(register(world));
    expect(failure).toMatchObject({ code: 'unavailable', retryAfterSeconds: expect.any(Number) });
    expect(failure).not.toBeInstanceOf(AmbiguousCreationError);
    expect(world.genesys.calls('guest')).toHaveLength(3);
  });

  it('waits as long as a 503 asks, where that fits the budget', async () => {
    const world = createWorld();
    world.genesys.script('guest', status(503, {}, { 'retry-after': '3' }));
    await register(world);
    const [first, second] = world.genesys.calls('guest');
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBe(3000);
  });

  it('tells the caller how long a 503 asked to wait, where that does not fit', async () => {
    const world = createWorld();
    world.genesys.script('guest', status(503, {}, { 'retry-after': '30' }));
    expect(await failureOf(register(world))).toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: 30,
    });
  });

  it.each(['..', '.', 'a/b', 'a%2Fb', 'a b', 'a?b', 'a#b', 'ü', '', 'x'.repeat(257)])(
    'does not believe the guest id %j: a proxy could make another path of it',
    async (id) => {
      const world = createWorld();
      world.genesys.script('guest', status(201, { id }));
      expect(await failureOf(register(world))).toMatchObject({ code: 'rejected' });
    },
  );

  it.each(['8f3a2b1c-4d5e-6f7a-8b9c-0d1e2f3a4b5c', '...', 'a.b_c~d-1', 'x'.repeat(256)])(
    'believes the guest id %j',
    async (id) => {
      const world = createWorld();
      world.genesys.script('guest', status(201, { id }));
      expect(await register(world)).toEqual({ guestId: id });
    },
  );

  it.each([true, false])(
    'shows the agent whether the session was verified (%j), where asked to',
    async (verified) => {
      const shown = createWorld({ showsVerification: true });
      await register(shown, command({ verified }));
      expect(JSON.parse(shown.genesys.calls('guest')[0]?.body ?? '').attributes).toMatchObject({
        sessionVerified: verified,
      });
      const hidden = createWorld();
      await register(hidden, command({ verified }));
      expect(hidden.genesys.calls('guest')[0]?.body).not.toContain('sessionVerified');
    },
  );

  it('is not sent when the lease could end while the attempt is under way', async () => {
    const world = createWorld();
    const untilMs = world.clock.now() + timeoutMs;
    expect(await register(world, command({ createUntilMs: untilMs }))).toEqual({ guestId: 'guest-2' });
    const createUntilMs = world.clock.now() + timeoutMs - 1;
    const failure = await failureOf(register(world, command({ createUntilMs })));
    expect(failure).toBeInstanceOf(LeaseTooShortError);
    expect(world.genesys.calls('guest')).toHaveLength(1);
  });

  it('ends with the lease, where that must make do with less than a call may take', async () => {
    const world = createWorld();
    world.genesys.script('guest', 'hang');
    const sentAtMs = world.clock.now();
    const createUntilMs = sentAtMs + timeoutMs - 500;
    const leastMs = timeoutMs - 500;
    const failure = await failureOf(register(world, command({ createUntilMs, leastMs })));
    expect(failure).toBeInstanceOf(AmbiguousCreationError);
    expect(world.clock.now()).toBe(createUntilMs);
    const short = command({ createUntilMs: world.clock.now() + leastMs - 1, leastMs });
    expect(await failureOf(register(world, short))).toBeInstanceOf(LeaseTooShortError);
  });

  it('asks whether the lease is long enough before each attempt, after all that was waited for', async () => {
    const world = createWorld();
    world.genesys.script('guest', limited('3'));
    const createUntilMs = world.clock.now() + timeoutMs + 2000;
    const failure = await failureOf(register(world, command({ createUntilMs })));
    expect(failure).toBeInstanceOf(LeaseTooShortError);
    expect(world.genesys.calls('guest')).toHaveLength(1);
  });
});

describe('limits on guest creation', () => {
  it.each([
    ['seconds', '3', 3000],
    ['an HTTP date', 'Fri, 15 May 2026 10:00:05 GMT', 5000],
  ])('are waited for as long as Retry-After says in %s', async (_, retryAfter, waitMs) => {
    const world = createWorld();
    world.genesys.script('guest', limited(retryAfter));
    await register(world);
    const [first, second] = world.genesys.calls('guest');
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBe(waitMs);
  });

  it.each([undefined, '0', 'soon'])(
    'are waited for exponentially from 1 s with full jitter when Retry-After is %j',
    async (retryAfter) => {
      const world = createWorld({ random: () => 0.999 });
      world.genesys.script('guest', limited(retryAfter), limited(retryAfter));
      await register(world);
      const at = world.genesys.calls('guest').map(({ atMs }) => atMs);
      expect([(at[1] ?? 0) - (at[0] ?? 0), (at[2] ?? 0) - (at[1] ?? 0)]).toEqual([999, 1998]);
    },
  );

  it('end the request at once when the wait does not fit the budget', async () => {
    const world = createWorld();
    world.genesys.script('guest', limited('30'));
    const startedAt = world.clock.now();
    const failure = await failureOf(register(world));
    expect(failure).toBeInstanceOf(LimitedError);
    expect(failure).toMatchObject({ waitMs: 30_000, daily: false, retryAfterSeconds: 30 });
    expect(world.clock.now() - startedAt).toBeLessThan(200);
  });

  it('end the request at once when the wait would leave no time for the calls that must follow', async () => {
    const world = createWorld();
    world.genesys.script('guest', limited('7'));
    const startedAt = world.clock.now();
    expect(await failureOf(register(world))).toMatchObject({ name: 'LimitedError', waitMs: 7000 });
    expect(world.clock.now() - startedAt).toBeLessThan(200);
  });

  it('hold a creation of the same container back at once, too, when its wait would leave too little', async () => {
    const world = createWorld();
    world.genesys.script('guest', limited('30'));
    await failureOf(register(world));
    await world.clock.advance(23_000);
    const startedAt = world.clock.now();
    expect(await failureOf(register(world))).toMatchObject({ name: 'LimitedError' });
    expect(world.clock.now() - startedAt).toBeLessThan(200);
  });

  it('are daily above 180 s', async () => {
    const world = createWorld();
    world.genesys.script('guest', limited('181'));
    expect(await failureOf(register(world, command(), 600_000))).toMatchObject({ daily: true });
  });

  it('hold back every creation of the container until the time has come, but no token', async () => {
    const world = createWorld();
    const guest = await registered(world, world.webchat);
    world.genesys.script('guest', limited('30'));
    await failureOf(register(world));
    await world.clock.advance(10_000);

    const held = await failureOf(register(world));
    expect(held).toBeInstanceOf(LimitedError);
    expect(held).toMatchObject({ waitMs: 20_000, daily: false });
    expect(world.genesys.calls('guest')).toHaveLength(2);
    await world.within(8000, (deadline) => world.webchat.issueToken(guest, session, deadline));
    expect(world.genesys.calls('token')).toHaveLength(1);

    await world.clock.advance(14_000);
    const created = await register(world);
    expect(created.guestId).toMatch(/^guest-/);
    const [, told, next] = world.genesys.calls('guest');
    expect((next?.atMs ?? 0) - (told?.atMs ?? 0)).toBeGreaterThanOrEqual(30_000);
  });

  it('stay daily for who comes later, however patient', async () => {
    const world = createWorld();
    world.genesys.script('guest', limited('200'));
    await failureOf(register(world));
    await world.clock.advance(100_000);
    const startedAt = world.clock.now();
    expect(await failureOf(register(world, command(), 600_000))).toMatchObject({ daily: true });
    expect(world.clock.now()).toBe(startedAt);
  });

  it('last as long as the longest that was told, whatever came after it', async () => {
    const world = createWorld();
    world.genesys.script('guest', limited('30'), limited('1'));
    await world.within(8000, (deadline) =>
      Promise.all([1, 2].map(() => failureOf(world.webchat.register(command(), deadline)))),
    );
    expect(world.genesys.calls('guest')).toHaveLength(2);
    await world.clock.advance(15_000);
    expect(await failureOf(register(world))).toBeInstanceOf(LimitedError);
    expect(world.genesys.calls('guest')).toHaveLength(2);
  });
});

describe('the quota', () => {
  const nearlyUsedUp = {
    'inin-ratelimit-allowed': '300',
    'inin-ratelimit-count': '280',
    'inin-ratelimit-reset': '20',
  };

  it('is kept for known guests when it is nearly used up: new ones queue instead of running into a limit', async () => {
    const world = createWorld();
    world.genesys.script('guest', { status: 201, body: { id: 'guest-a' }, headers: nearlyUsedUp });
    const guest = await registered(world, world.webchat);
    expect(await failureOf(register(world))).toMatchObject({ daily: false, retryAfterSeconds: 20 });
    expect(world.genesys.calls('guest')).toHaveLength(1);
    await world.within(8000, (deadline) => world.webchat.issueToken(guest, session, deadline));
    await world.clock.advance(20_000);
    await register(world);
    expect(world.genesys.calls('guest')).toHaveLength(2);
  });

  it('does not stop new visitors where there is no queue', async () => {
    const world = createWorld({ queueing: false });
    world.genesys.script('guest', { status: 201, body: { id: 'guest-a' }, headers: nearlyUsedUp });
    await register(world);
    await register(world);
    expect(world.genesys.calls('guest')).toHaveLength(2);
  });

  it('is counted down by our own calls between two answers that tell it', async () => {
    const world = createWorld();
    const headers = {
      'inin-ratelimit-allowed': '10',
      'inin-ratelimit-count': '7',
      'inin-ratelimit-reset': '50',
    };
    world.genesys.script('guest', { status: 201, body: { id: 'guest-a' }, headers });
    await register(world);
    await register(world);
    await register(world);
    expect(await failureOf(register(world))).toBeInstanceOf(LimitedError);
  });

  it('is not that of the token endpoint', async () => {
    const world = createWorld();
    const body = { access_token: 'oauth-token-1', expires_in: 3600 };
    world.genesys.script('oauth', { status: 200, body, headers: nearlyUsedUp });
    await register(world);
    expect(world.telemetry.of('genesys_quota')).toEqual([]);
  });

  it('becomes a metric', async () => {
    const world = createWorld();
    world.genesys.script('guest', { status: 201, body: { id: 'guest-a' }, headers: nearlyUsedUp });
    await register(world);
    expect(world.telemetry.of('genesys_quota')).toEqual([
      { usedPercent: 93, remaining: 20, resetSeconds: 20 },
    ]);
  });

  it.each([
    { 'inin-ratelimit-allowed': '0', 'inin-ratelimit-count': '0', 'inin-ratelimit-reset': '1' },
    { 'inin-ratelimit-allowed': 'many', 'inin-ratelimit-count': '9', 'inin-ratelimit-reset': '1' },
    { 'inin-ratelimit-allowed': '10', 'inin-ratelimit-count': '9', 'inin-ratelimit-reset': '999999' },
    { 'inin-ratelimit-allowed': '10', 'inin-ratelimit-count': '9' },
  ])('is not believed as %j', async (headers) => {
    const world = createWorld();
    world.genesys.script('guest', {
      status: 201,
      body: { id: 'guest-a' },
      headers: { ...headers } as Record<string, string>,
    });
    await register(world);
    await register(world);
    expect(world.telemetry.of('genesys_quota')).toEqual([]);
  });
});

describe('a guest token', () => {
  const issue = async (world: World, budgetMs = 8000, guestId = 'guest-1') => {
    const guest = await registered(world, world.webchat);
    return await world.within(budgetMs, (deadline) =>
      world.webchat.issueToken({ ...guest, guestId }, session, deadline),
    );
  };

  it('is asked for with an empty object, and passed on with its end', async () => {
    const world = createWorld();
    expect(await issue(world)).toEqual({
      accessToken: 'guest-token-3',
      expiresAt: '2026-05-15T11:23:45.123Z',
    });
    expect(world.telemetry.of('genesys_called').at(-1)).toMatchObject({ endpoint: 'guest_token' });
    expect(world.genesys.calls('token')[0]).toMatchObject({
      method: 'POST',
      url: 'https://api.example.com/api/v2/webchat/v1/guests/guest-1/tokens',
      body: '{}',
    });
  });

  it('costs a repeated visitor one call, and a new one two, with none for OAuth', async () => {
    const world = createWorld();
    const guest = await registered(world, world.webchat);
    for (let visit = 0; visit < 3; visit += 1) {
      await world.within(8000, (deadline) => world.webchat.issueToken(guest, session, deadline));
    }
    expect(world.genesys.sent.map(({ place }) => place)).toEqual([
      'oauth',
      'guest',
      'token',
      'token',
      'token',
    ]);
  });

  it('cannot be asked for at another path, whatever the guest id is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[\w.~%/?# -]{1,12}$/), async (id) => {
        const world = createWorld();
        world.genesys.script('guest', status(201, { id }));
        const guest = await registered(world, world.webchat).catch(() => undefined);
        if (guest === undefined) return;
        await world.within(8000, (deadline) => world.webchat.issueToken(guest, session, deadline));
        const [sent] = world.genesys.calls('token');
        expect(new URL(sent?.url ?? '').pathname).toBe(`/api/v2/webchat/v1/guests/${id}/tokens`);
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['2026-05-15T13:23:45.123+02:00', '2026-05-15T11:23:45.123Z'],
    ['2026-05-15T11:23:45Z', '2026-05-15T11:23:45.000Z'],
    ['2026-05-15T06:23:45.1-05:00', '2026-05-15T11:23:45.100Z'],
  ])('ends at a time in UTC, whatever offset Genesys writes: %s', async (expires_at, expected) => {
    const world = createWorld();
    world.genesys.script('token', status(200, { token: 't', expires_at }));
    expect((await issue(world)).expiresAt).toBe(expected);
  });

  it('says that Genesys does not know the guest any more', async () => {
    const world = createWorld();
    world.genesys.script('token', status(404));
    expect(await failureOf(issue(world))).toBeInstanceOf(UnknownGuestError);
    expect(world.genesys.calls('token')).toHaveLength(1);
    expect(world.telemetry.of('genesys_refused')).toEqual([]);
  });

  it.each<[string, Reply]>([
    ['a refused connection', 'refused'],
    ['a lost connection', 'reset'],
    ['a timeout', 'hang'],
    ['502', status(502)],
    ['503', status(503)],
    ['504', status(504)],
  ])('is asked for again after %s: a repeat does no harm', async (_, reply) => {
    const world = createWorld();
    world.genesys.script('token', reply);
    expect((await issue(world)).accessToken).toMatch(/^guest-token-/);
    expect(world.genesys.calls('token')).toHaveLength(2);
  });

  it.each<[string, Reply, string]>([
    ['500', status(500), 'unavailable'],
    ['400', status(400), 'rejected'],
    ['403', status(403), 'rejected'],
    ['a response without token', status(200, { expires_at: '2026-05-15T11:23:45.123Z' }), 'rejected'],
    ['an end that is no date', status(200, { token: 't', expires_at: 'later' }), 'rejected'],
    [
      'an end that no calendar has',
      status(200, { token: 't', expires_at: '2026-13-45T99:00:00Z' }),
      'rejected',
    ],
    ['garbage', status(200, undefined), 'rejected'],
  ])('is not asked for again after %s', async (_, reply, code) => {
    const world = createWorld();
    world.genesys.script('token', reply);
    expect(await failureOf(issue(world))).toMatchObject({ code });
    expect(world.genesys.calls('token')).toHaveLength(1);
  });

  it('waits out a limit from 1.5 s where no time is named', async () => {
    const world = createWorld({ random: () => 0.999 });
    world.genesys.script('token', limited());
    await issue(world);
    const [first, second] = world.genesys.calls('token');
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBe(1499);
  });

  it('is limited for the caller when the wait does not fit, which holds back no creation', async () => {
    const world = createWorld();
    world.genesys.script('token', limited('60'));
    expect(await failureOf(issue(world))).toMatchObject({ waitMs: 60_000, code: 'unavailable' });
    expect(world.telemetry.of('genesys_limited')).toMatchObject([{ endpoint: 'guest_token' }]);
    await register(world);
    expect(world.genesys.calls('guest')).toHaveLength(2);
  });

  it('ends with deadline_exceeded when Genesys hangs until the budget ends', async () => {
    const world = createWorld();
    const guest = await registered(world, world.webchat);
    world.genesys.script('token', 'hang', 'hang', 'hang');
    const startedAt = world.clock.now();
    const failure = await failureOf(
      world.within(6000, (deadline) => world.webchat.issueToken(guest, session, deadline)),
    );
    expect(failure).toMatchObject({ code: 'deadline_exceeded' });
    expect(world.clock.now() - startedAt).toBeLessThanOrEqual(6050);
  });
});

describe('401', () => {
  it('costs the token, and the call is repeated once with a new one', async () => {
    const world = createWorld();
    world.genesys.script('guest', status(401));
    await register(world);
    expect(world.genesys.calls('guest').map(({ headers }) => headers['Authorization'])).toEqual([
      'Bearer oauth-token-1',
      'Bearer oauth-token-2',
    ]);
  });

  it('is final the second time', async () => {
    const world = createWorld();
    world.genesys.script('guest', status(401), status(401));
    expect(await failureOf(register(world))).toMatchObject({ code: 'rejected' });
    expect(world.genesys.calls('guest')).toHaveLength(2);
  });
});

describe('personal data', () => {
  it('is in no URL, telemetry field or error, even where Genesys echoes it', async () => {
    const echo = {
      code: jane.email,
      message: `${jane.email} ${jane.firstName} Bearer oauth-token-1 client-secret-of-first-generation`,
      cause: 'a:b:c oauth-token-1',
      description: jane.email,
    };
    const headers = { 'inin-correlation-id': jane.email, 'retry-after': jane.email };
    const replies: Reply[] = [400, 401, 403, 404, 409, 429, 500, 502, 503, 200].map((code) =>
      status(code, echo, headers),
    );
    const seen: string[] = [];
    for (const place of ['oauth', 'guest', 'token'] as const) {
      for (const reply of [...replies, 'reset', 'refused', 'hang'] as const) {
        const world = createWorld();
        world.genesys.script(place, reply, reply, reply);
        const failure = await failureOf(
          registered(world, world.webchat).then((guest) =>
            world.within(8000, (deadline) => world.webchat.issueToken(guest, session, deadline)),
          ),
        );
        const { message, stack, cause } = failure instanceof Error ? failure : new Error();
        seen.push(JSON.stringify([world.telemetry.recorded, message, stack, String(cause), failure]));
        seen.push(...world.genesys.sent.map(({ url }) => url));
      }
    }
    const all = seen.join('\n');
    const secrets = [jane.email, 'Jane', 'client-secret', 'oauth-token-1', 'Bearer', 'a'.repeat(64)];
    expect(secrets.filter((secret) => all.includes(secret))).toEqual([]);
    expect(all).toContain('genesys_failed');
  });
});
