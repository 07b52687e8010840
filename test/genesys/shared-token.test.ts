import { describe, expect, it } from '@jest/globals';
import { seal } from '../../lambda/genesys/seal.ts';
import { sharedTokenKey } from '../../lambda/genesys/shared-token.ts';
import { webchatScope } from '../../lambda/genesys/webchat-v1.ts';
import { StoreUnavailableError } from '../../lambda/guest/errors.ts';
import { createTestClock, deadlineIn } from '../support/clock.ts';
import { createMemoryTokenStore } from './memory-token-store.ts';
import { createScriptedTransport, type Reply } from './scripted-transport.ts';
import { createTestCredentials, createWorld, type World, type WorldOptions } from './world.ts';

const key = sharedTokenKey(
  'https://login.example.com',
  { clientId: 'client-1', clientSecret: '' },
  webchatScope,
);

/** Containers that share a clock, a table and a Genesys. */
const createFleet = (options: WorldOptions = {}) => {
  const clock = createTestClock();
  const genesys = createScriptedTransport(clock);
  const store = createMemoryTokenStore(clock);
  const container = (more: WorldOptions = {}): World =>
    createWorld({ clock, genesys, store, ...options, ...more });
  /** A container that asks the token endpoint and dies. */
  const dieAsking = async () => await store.lease(key, undefined, deadlineIn(clock));
  /** How many calls the token endpoint saw in its busiest second. */
  const busiestSecond = (): number => {
    const times = genesys.calls('oauth').map(({ atMs }) => atMs);
    return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length));
  };
  return { clock, genesys, store, container, dieAsking, busiestSecond };
};
const get = (world: World, budgetMs = 8000) =>
  world.within(budgetMs, (deadline) => world.oauth.get(deadline));
const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => 'no failure',
    (error: unknown) => error,
  );
const endless = (reply: Reply): Reply[] => Array.from({ length: 1000 }, () => reply);

describe('the shared token', () => {
  it('is asked for once by a thousand containers that start at once', async () => {
    const { genesys, store, container } = createFleet({ random: Math.random });
    const containers = Array.from({ length: 1000 }, () => container());
    const [first] = containers;
    const tokens = await first?.within(8000, (deadline) =>
      Promise.all(containers.map(({ oauth }) => oauth.get(deadline))),
    );
    expect(new Set(tokens)).toEqual(new Set(['oauth-token-1']));
    expect(genesys.calls('oauth')).toHaveLength(1);
    expect(store.state.leases).toBe(1);
  });

  it('is the one that a container of an earlier release left, under the same name', async () => {
    const { clock, genesys, store, container } = createFleet();
    expect(key).toBe('oauth#nWb3huc1mrpmoGZpqnipcirKiNaLS6zRF3sf9sUwwDk');
    const { clientSecret } = createTestCredentials().state.known;
    const content = JSON.stringify({ value: 'earlier', issuedAtMs: clock.now() });
    const sealed = seal(content, clientSecret, `oauth-token:${key}`);
    const lease = await store.lease(key, undefined, deadlineIn(clock));
    const expiresAtMs = clock.now() + 3_600_000;
    await store.store(key, lease?.owner ?? '', { sealed, expiresAtMs }, deadlineIn(clock));
    const world = container();
    expect(await get(world)).toBe('earlier');
    expect(genesys.calls('oauth')).toEqual([]);
    expect(world.telemetry.of('oauth_token_shared')).toHaveLength(1);
  });

  it('has one name for each login host, client and set of scopes, whatever the secret is', () => {
    const secret = { clientId: 'client-1', clientSecret: 'x' };
    const name = sharedTokenKey('https://login.example.com', secret);
    expect(name).toBe('oauth#JwJyjUXgjoa0DeKteNsuqA6R3p81gH5-iXVQ0xdMmzU');
    expect(sharedTokenKey('https://login.example.com', { ...secret, clientSecret: 'y' })).toBe(name);
    const others = [
      sharedTokenKey('https://login.example.org', secret),
      sharedTokenKey('https://login.example.com', { ...secret, clientId: 'client-2' }),
      sharedTokenKey('https://login.example.com', secret, 'a scope'),
    ];
    expect(new Set([name, ...others]).size).toBe(4);
  });

  it('is nowhere in clear in the table, nor is the secret', async () => {
    const { store, container } = createFleet();
    await get(container());
    const table = JSON.stringify([...store.entries]);
    expect(table).toContain(key);
    for (const secret of ['oauth-token-1', 'client-1', 'client-secret']) expect(table).not.toContain(secret);
  });

  it('is useless after the secret was rotated: the next container replaces it', async () => {
    const { genesys, container } = createFleet();
    await get(container());
    const credentials = createTestCredentials();
    credentials.state.known = { ...credentials.state.known, clientSecret: 'rotated' };
    expect(await get(container({ credentials }))).toBe('oauth-token-2');
    expect(await get(container({ credentials }))).toBe('oauth-token-2');
    expect(genesys.calls('oauth')).toHaveLength(2);
  });

  it('is not another client’s', async () => {
    const { container } = createFleet();
    await get(container());
    const credentials = createTestCredentials();
    credentials.state.known = { ...credentials.state.known, clientId: 'client-2' };
    expect(await get(container({ credentials }))).toBe('oauth-token-2');
  });

  it('is not used in its last minute', async () => {
    const { clock, container } = createFleet();
    await get(container());
    await clock.advance(3_540_000);
    expect(await get(container())).toBe('oauth-token-2');
  });

  it('serves the container that obtained it even where it cannot be stored', async () => {
    const { store, container } = createFleet();
    const broken = { ...store, store: async () => Promise.reject(new StoreUnavailableError()) };
    const world = container({ store: broken });
    expect(await get(world)).toBe('oauth-token-1');
    expect(world.telemetry.of('token_vault_unavailable')).toEqual([{ operation: 'store' }]);
  });

  it('is removed for all when Genesys responds 401 to it', async () => {
    const { genesys, store, container } = createFleet();
    const [first, second] = [container(), container()];
    const old = await get(first);
    await get(second);
    await first.within(8000, (deadline) => first.oauth.invalidate(old, deadline));
    expect(store.entries.get(key)?.token).toBeUndefined();
    expect(await get(first)).toBe('oauth-token-2');
    // The other container meets its own 401, and finds the newer token.
    await second.within(8000, (deadline) => second.oauth.invalidate(old, deadline));
    expect(store.entries.get(key)?.token).toBeDefined();
    expect(await get(second)).toBe('oauth-token-2');
    expect(genesys.calls('oauth')).toHaveLength(2);
  });

  it('is not taken again after a 401, even where that could not be written to the table', async () => {
    const { store, container } = createFleet();
    const world = container();
    const old = await get(world);
    store.state.down = true;
    await world.within(8000, (deadline) => world.oauth.invalidate(old, deadline));
    store.state.down = false;
    expect(world.telemetry.of('token_vault_unavailable')).toEqual([{ operation: 'invalidate' }]);
    expect(await get(world)).toBe('oauth-token-2');
  });

  it.each([59, 60])('of %d s is not shared', async (seconds) => {
    const { genesys, store, container } = createFleet();
    genesys.lifetime.seconds = seconds;
    await get(container());
    expect(store.entries.get(key)).toEqual({});
  });

  it('that cannot be read is none, also to a container that another was refused to', async () => {
    const { container } = createFleet();
    const old = await get(container());
    const credentials = createTestCredentials();
    credentials.state.known = { ...credentials.state.known, clientSecret: 'rotated' };
    const world = container({ credentials });
    await world.within(8000, (deadline) => world.oauth.invalidate(old, deadline));
    expect(await get(world)).toBe('oauth-token-2');
  });

  it.each(['read', 'release'] as const)('hides no defect of the table: %s', async (operation) => {
    const { genesys, store, container } = createFleet();
    genesys.script('oauth', { status: 400 });
    const defect = new TypeError('a defect');
    const world = container({ store: { ...store, [operation]: async () => Promise.reject(defect) } });
    expect(await failureOf(get(world))).toBe(defect);
  });
});

describe('a container that starts', () => {
  const warmUp = async (world: World) => await world.within(8000, (deadline) => world.oauth.warmUp(deadline));

  it('takes the token that is there, so that its first request reads nothing', async () => {
    const { genesys, store, container } = createFleet();
    await get(container());
    const world = container();
    await warmUp(world);
    const { reads } = store.state;
    expect(await get(world)).toBe('oauth-token-1');
    expect(store.state.reads).toBe(reads);
    expect(genesys.calls('oauth')).toHaveLength(1);
  });

  it('asks nobody where there is none: visitors of web-messaging need no token', async () => {
    const { genesys, store, container } = createFleet();
    await warmUp(container());
    expect(genesys.calls('oauth')).toEqual([]);
    expect(store.state.leases).toBe(0);
  });
});

describe('the token endpoint', () => {
  it('is never asked beside a live lease: who cannot wait fails, and asks nobody', async () => {
    const { genesys, container, dieAsking } = createFleet();
    await dieAsking();
    expect(await failureOf(get(container(), 3000))).toMatchObject({ code: 'deadline_exceeded' });
    expect(genesys.calls('oauth')).toEqual([]);
  });

  it('is asked by another container when the first has died, once its lease has expired', async () => {
    const { clock, genesys, container, dieAsking } = createFleet();
    await dieAsking();
    const startedAt = clock.now();
    expect(await get(container())).toBe('oauth-token-1');
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(5900);
    expect(genesys.calls('oauth')).toHaveLength(1);
  });

  it.each<[string, Reply]>([
    ['hangs', 'hang'],
    ['refuses connections', 'refused'],
    ['responds 500', { status: 500 }],
    ['responds 503', { status: 503 }],
    ['responds with garbage', { status: 200, body: 'garbage' }],
    ['limits without naming a time', { status: 429 }],
    [
      'limits by its own code',
      { status: 400, body: { error: 'invalid_request', description: 'rate limit exceeded' } },
    ],
  ])(
    'that %s is asked at most five times in any second by 100 cold containers',
    async (_, reply) => {
      const { clock, genesys, container, busiestSecond } = createFleet({ random: Math.random });
      genesys.script('oauth', ...endless(reply));
      const containers = Array.from({ length: 100 }, () => container());
      const failures = Promise.all(containers.map(({ oauth }) => failureOf(oauth.get(deadlineIn(clock)))));
      for (let turn = 0; turn < 90; turn += 1) await clock.advance(100);
      for (const failure of await failures) expect(failure).toBeInstanceOf(Error);
      expect(genesys.calls('oauth').length).toBeGreaterThan(0);
      expect(busiestSecond()).toBeLessThanOrEqual(5);
    },
    60_000,
  );

  it('that names a wait is not asked by anybody before it is over, and then once', async () => {
    const { clock, genesys, container } = createFleet({ random: Math.random });
    genesys.script('oauth', { status: 429, headers: { 'retry-after': '5' } });
    const containers = Array.from({ length: 100 }, () => container());
    const getting = Promise.all(containers.map(({ oauth }) => oauth.get(deadlineIn(clock, 8000))));
    for (let turn = 0; turn < 90; turn += 1) await clock.advance(100);
    expect(new Set(await getting).size).toBe(1);
    const times = genesys.calls('oauth').map(({ atMs }) => atMs);
    expect(times).toHaveLength(2);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(5000);
  }, 60_000);

  it('that names a wait of a day ends every request at once, as a daily limit', async () => {
    const { clock, genesys, container } = createFleet();
    genesys.script('oauth', { status: 429, headers: { 'retry-after': '36000' } });
    await failureOf(get(container()));
    const startedAt = clock.now();
    expect(await failureOf(get(container()))).toMatchObject({ name: 'LimitedError', daily: true });
    expect(clock.now() - startedAt).toBeLessThan(200);
    expect(genesys.calls('oauth')).toHaveLength(1);
  });

  it('that fails again and again is asked at growing intervals, five seconds at most', async () => {
    const { clock, genesys, container } = createFleet({ random: () => 0.999 });
    genesys.script('oauth', ...endless({ status: 500 }));
    const times = (): number[] => genesys.calls('oauth').map(({ atMs }) => atMs);
    for (let turn = 0; turn < 150; turn += 1) {
      const world = container();
      await failureOf(get(world, 800));
      await clock.advance(200);
    }
    const intervals = times()
      .slice(1)
      .map((at, index) => at - (times()[index] ?? 0));
    expect(intervals.length).toBeGreaterThanOrEqual(5);
    expect(Math.min(...intervals)).toBeGreaterThanOrEqual(500);
    expect(intervals[0]).toBeLessThan(intervals[3] ?? 0);
    expect(Math.max(...intervals)).toBeLessThan(8000);
  });

  it('that is mended is asked at once when the pause is over, and the failures are forgotten', async () => {
    const { clock, genesys, store, container } = createFleet();
    genesys.script('oauth', { status: 500 });
    expect(await failureOf(get(container()))).toMatchObject({ code: 'unavailable' });
    expect(store.entries.get(key)?.pause).toMatchObject({ reason: 'failing', failures: 1 });
    const startedAt = clock.now();
    expect(await get(container())).toMatch(/^oauth-token-/);
    expect(clock.now() - startedAt).toBeLessThanOrEqual(1100);
    expect(store.entries.get(key)?.pause).toBeUndefined();
  });

  it('that a container has suspended for itself is no better for it: the failures are remembered', async () => {
    const { clock, genesys, store, container } = createFleet();
    const suspended = container();
    genesys.script('oauth', ...endless({ status: 503 }));
    for (let call = 0; call < 2; call += 1) await failureOf(get(suspended, 30_000));
    expect(suspended.telemetry.of('breaker_opened')).toHaveLength(1);
    const before = store.entries.get(key)?.pause;
    await clock.advance(Math.max(0, (before?.untilMs ?? 0) - clock.now()));
    const calls = genesys.calls('oauth').length;
    await failureOf(get(suspended));
    expect(genesys.calls('oauth')).toHaveLength(calls);
    expect(store.entries.get(key)?.pause?.failures).toBe(before?.failures);
  });

  it('that refuses the credentials pauses nobody else: a container that knows newer ones goes ahead', async () => {
    const { genesys, store, container } = createFleet();
    genesys.script('oauth', { status: 401, body: { error: 'invalid_client' } });
    expect(await failureOf(get(container()))).toMatchObject({ code: 'rejected' });
    expect(store.entries.get(key)).toEqual({});
    const credentials = createTestCredentials();
    credentials.state.known = { ...credentials.state.known, clientSecret: 'newer' };
    expect(await get(container({ credentials }))).toMatch(/^oauth-token-/);
  });

  it('that is asked for by a caller whose time ends is left to the next one', async () => {
    const { genesys, store, container } = createFleet();
    genesys.script('oauth', 'hang');
    expect(await failureOf(get(container(), 1000))).toMatchObject({ code: 'deadline_exceeded' });
    expect(store.entries.get(key)?.lease).toBeUndefined();
    expect(await get(container())).toMatch(/^oauth-token-/);
  });
});

describe('a container that waits', () => {
  it.each([
    ['as seldom as it may', 0.999, [50, 100, 200, 400, 400]],
    ['as often as it may', 0, [25, 50, 100, 200, 200]],
  ])('for another’s token looks for it %s, and takes no lease', async (_, random, expected) => {
    const { clock, store, container, dieAsking } = createFleet({ random: () => random });
    await dieAsking();
    const readAtMs: number[] = [];
    const leases: string[] = [];
    const watched = {
      ...store,
      read: async (...args: Parameters<typeof store.read>) => {
        readAtMs.push(clock.now());
        return await store.read(...args);
      },
      lease: async (...args: Parameters<typeof store.lease>) => {
        leases.push(args[0]);
        return await store.lease(...args);
      },
    };
    await failureOf(get(container({ store: watched }), 1500));
    const waits = readAtMs.slice(1).map((atMs, index) => Math.round(atMs - (readAtMs[index] ?? 0)));
    expect(waits.slice(0, 5)).toEqual(expected);
    expect(leases).toEqual([]);
  });

  it('for the end of a pause comes back up to half a second after it', async () => {
    const waitOf = async (random: number) => {
      const { clock, genesys, container } = createFleet({ random: () => random });
      genesys.script('oauth', { status: 429, headers: { 'retry-after': '3' } });
      await failureOf(get(container(), 1000));
      const startedAtMs = clock.now();
      await get(container());
      return clock.now() - startedAtMs;
    };
    expect((await waitOf(0.9)) - (await waitOf(0.1))).toBe(400);
  });

  it('for the end of a failure is told of an outage, for that of a limit of one', async () => {
    for (const [reply, name] of [
      [{ status: 500 }, 'GuestError'],
      [{ status: 429, headers: { 'retry-after': '60' } }, 'LimitedError'],
    ] as const) {
      const { genesys, container } = createFleet();
      genesys.script('oauth', reply);
      await failureOf(get(container(), 2000));
      expect(await failureOf(get(container(), 300))).toMatchObject({ name, code: 'unavailable' });
      expect(genesys.calls('oauth')).toHaveLength(1);
    }
  });
});

describe('while the table is away', () => {
  it('each container asks the token endpoint itself', async () => {
    const { genesys, store, container } = createFleet();
    store.state.down = true;
    const [first, second] = [container(), container()];
    expect([await get(first), await get(second)]).toEqual(['oauth-token-1', 'oauth-token-2']);
    expect(genesys.calls('oauth')).toHaveLength(2);
    expect(first.telemetry.of('token_vault_unavailable')).toEqual([{ operation: 'acquire' }]);
  });

  it('each container pauses by itself after a failure', async () => {
    const { clock, genesys, store, container } = createFleet();
    store.state.down = true;
    genesys.script('oauth', { status: 500 }, { status: 500 });
    const world = container();
    await failureOf(get(world));
    const startedAt = clock.now();
    await failureOf(get(world));
    const [, second] = genesys.calls('oauth');
    expect((second?.atMs ?? 0) - startedAt).toBeGreaterThanOrEqual(500);
  });

  it('a lease that could not be ended expires by itself', async () => {
    const { store, container } = createFleet();
    const broken = { ...store, release: async () => Promise.reject(new StoreUnavailableError()) };
    const world = container({ store: broken });
    world.genesys.script('oauth', { status: 400, body: { error: 'invalid_scope' } });
    expect(await failureOf(get(world))).toMatchObject({ code: 'rejected' });
    expect(world.telemetry.of('token_vault_unavailable')).toEqual([{ operation: 'release' }]);
    expect(await get(container())).toMatch(/^oauth-token-/);
  });
});
