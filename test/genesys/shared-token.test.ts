import { describe, expect, it } from '@jest/globals';
import { StoreUnavailableError } from '../../lambda/guest/errors.ts';
import { createTestClock } from '../support/clock.ts';
import { createMemoryTokenStore } from './memory-token-store.ts';
import { createScriptedTransport } from './scripted-transport.ts';
import { createTestCredentials, createWorld, type World, type WorldOptions } from './world.ts';

/** Containers that share a clock, a table and a Genesys. */
const createFleet = (options: WorldOptions = {}) => {
  const clock = createTestClock();
  const genesys = createScriptedTransport(clock);
  const store = createMemoryTokenStore(clock);
  const container = (more: WorldOptions = {}): World =>
    createWorld({ clock, genesys, store, ...options, ...more });
  return { clock, genesys, store, container };
};
const get = (world: World, budgetMs = 8000) =>
  world.within(budgetMs, (deadline) => world.oauth.get(deadline));

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

  it('is nowhere in clear in the table, nor is the secret', async () => {
    const { store, container } = createFleet();
    const world = container();
    await get(world);
    const table = JSON.stringify([...store.entries]);
    expect(table).toContain(world.oauth.key());
    for (const secret of ['oauth-token-1', 'client-1', 'client-secret']) expect(table).not.toContain(secret);
  });

  it('is useless after the secret was rotated: the next container asks anew and replaces it', async () => {
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

  it('is asked of Genesys by each container while the table is away', async () => {
    const { genesys, store, container } = createFleet();
    store.state.down = true;
    const [first, second] = [container(), container()];
    expect([await get(first), await get(second)]).toEqual(['oauth-token-1', 'oauth-token-2']);
    expect(genesys.calls('oauth')).toHaveLength(2);
    expect(first.telemetry.of('token_vault_unavailable')).toHaveLength(1);
  });

  it('serves the winner even where it cannot be stored', async () => {
    const { store, container } = createFleet();
    const broken = { ...store, store: async () => Promise.reject(new StoreUnavailableError()) };
    const world = container({ store: broken });
    expect(await get(world)).toBe('oauth-token-1');
    expect(world.telemetry.of('token_vault_unavailable')).toEqual([{ operation: 'store' }]);
  });

  it('is got by the next container as soon as the winner has failed', async () => {
    const { clock, genesys, container } = createFleet();
    genesys.script('oauth', { status: 500 });
    const [loser, next] = [container(), container()];
    await expect(get(loser)).rejects.toMatchObject({ code: 'genesys_unavailable' });
    const startedAt = clock.now();
    await get(next);
    expect(clock.now() - startedAt).toBeLessThan(100);
  });

  it('is got by another container when the winner has died, once its lease has run out', async () => {
    const { clock, genesys, store, container } = createFleet();
    const world = container();
    world.oauth.learn(await world.credentials.current());
    await store.lease(world.oauth.key() ?? '', undefined, {
      signal: AbortSignal.abort(),
      remainingMs: () => 0,
    });
    const startedAt = clock.now();
    expect(await get(world)).toBe('oauth-token-1');
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(5900);
    expect(clock.now() - startedAt).toBeLessThan(7000);
    expect(genesys.calls('oauth')).toHaveLength(1);
  });

  it('is asked of Genesys directly by a request that cannot wait for the lease to run out', async () => {
    const { store, container } = createFleet();
    const world = container();
    world.oauth.learn(await world.credentials.current());
    await store.lease(world.oauth.key() ?? '', undefined, {
      signal: AbortSignal.abort(),
      remainingMs: () => 0,
    });
    expect(await get(world, 3000)).toBe('oauth-token-1');
  });

  it('is removed for all when Genesys answers 401 to it', async () => {
    const { genesys, container } = createFleet();
    const [first, second] = [container(), container()];
    const old = await get(first);
    await get(second);
    await first.within(8000, (deadline) => first.oauth.invalidate(old, deadline));
    expect(await get(first)).toBe('oauth-token-2');
    // The other container meets its own 401, and finds the newer token.
    await second.within(8000, (deadline) => second.oauth.invalidate(old, deadline));
    expect(await get(second)).toBe('oauth-token-2');
    expect(genesys.calls('oauth')).toHaveLength(2);
  });

  it('is not taken again after a 401, even where the table could not be told', async () => {
    const { store, container } = createFleet();
    const world = container();
    const old = await get(world);
    store.state.down = true;
    await world.within(8000, (deadline) => world.oauth.invalidate(old, deadline));
    store.state.down = false;
    expect(await get(world)).toBe('oauth-token-2');
  });

  it('of less than a minute is not shared', async () => {
    const { genesys, store, container } = createFleet();
    genesys.lifetime.seconds = 59;
    await get(container());
    expect([...store.entries.values()]).toEqual([{}]);
  });

  it('can be brought along by the tables’ round trip: it says when it is wanted, and under which key', async () => {
    const { clock, container } = createFleet();
    const world = container();
    expect([world.oauth.wanted(), world.oauth.key()]).toEqual([true, undefined]);
    world.oauth.learn(await world.credentials.current());
    expect(world.oauth.key()).toMatch(/^oauth#[\w-]{43}$/);
    await get(world);
    expect(world.oauth.wanted()).toBe(false);
    await clock.advance(3_540_000);
    expect(world.oauth.wanted()).toBe(true);
  });
});

describe('renewal ahead of the end', () => {
  const untilRenewal = 3_540_000 - 240_000 / 2;

  it('is done by one container while all use the old token', async () => {
    const { clock, genesys, container } = createFleet();
    const containers = [container(), container(), container()];
    for (const world of containers) await get(world);
    await clock.advance(untilRenewal);
    for (const world of containers) expect(await get(world)).toBe('oauth-token-1');
    await clock.advance(20_000);
    for (const world of containers) await get(world);
    await clock.advance(0);
    for (const world of containers) expect(await get(world)).toBe('oauth-token-2');
    expect(genesys.calls('oauth')).toHaveLength(2);
  });

  it('is at a moment that each container picks for itself, in the window before the margin', async () => {
    const { clock, genesys, container } = createFleet();
    const [early, late] = [container({ random: () => 0.99 }), container({ random: () => 0.01 })];
    await get(early);
    await get(late);
    await clock.advance(3_540_000 - 237_000);
    expect(await get(late)).toBe('oauth-token-1');
    await clock.advance(0);
    expect(genesys.calls('oauth')).toHaveLength(1);
    expect(await get(early)).toBe('oauth-token-1');
    await clock.advance(0);
    expect(genesys.calls('oauth')).toHaveLength(2);
  });

  it('does not disturb anybody when it fails, and is tried again', async () => {
    const { clock, genesys, container } = createFleet();
    const world = container();
    await get(world);
    await clock.advance(untilRenewal);
    genesys.script('oauth', { status: 500 });
    expect(await get(world)).toBe('oauth-token-1');
    await clock.advance(0);
    expect(world.telemetry.of('oauth_renewal_failed')).toEqual([{ reason: 'refused' }]);
    expect(await get(world)).toBe('oauth-token-1');
    await clock.advance(20_000);
    await get(world);
    await clock.advance(0);
    expect(await get(world)).toMatch(/^oauth-token-[23]$/);
    expect(genesys.calls('oauth')).toHaveLength(3);
  });

  it('survives a table that is away', async () => {
    const { clock, store, container } = createFleet();
    const world = container();
    await get(world);
    await clock.advance(untilRenewal);
    store.state.down = true;
    expect(await get(world)).toBe('oauth-token-1');
    await clock.advance(0);
    expect(world.telemetry.of('oauth_renewal_failed')).toEqual([{ reason: 'store_or_secret' }]);
  });
});
