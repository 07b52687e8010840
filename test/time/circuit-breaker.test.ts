import { describe, expect, it } from '@jest/globals';
import { createCircuitBreaker } from '../../lambda/time/circuit-breaker.ts';
import type { Reply } from '../genesys/scripted-transport.ts';
import { createWorld, explicit, registered, session, type World } from '../genesys/world.ts';
import { createTestClock } from '../support/clock.ts';

/** One attempt: a 500 is not repeated, nor is the creation that a lost connection leaves in doubt. */
const attempt = async (world: World, reply?: Reply): Promise<string> => {
  if (reply !== undefined) world.genesys.script('guest', reply);
  return await registered(world, world.webchat).then(
    () => 'ok',
    (error: { code?: string }) => error.code ?? 'another error',
  );
};
const warm = async (): Promise<World> => {
  const world = createWorld();
  await world.within(8000, (deadline) => world.oauth.get(deadline));
  return world;
};
const opened = async (): Promise<World> => {
  const world = await warm();
  for (let failure = 0; failure < 5; failure += 1) await attempt(world, 'reset');
  return world;
};

describe('a circuit breaker', () => {
  const start = () => {
    const clock = createTestClock();
    const changes: string[] = [];
    const breaker = createCircuitBreaker({
      clock,
      failures: 3,
      openMs: 10_000,
      onOpen: () => changes.push('opened'),
      onClose: () => changes.push('closed'),
    });
    const fail = (times = 1) => {
      for (let time = 0; time < times; time += 1) breaker.settle(false);
    };
    return { clock, breaker, changes, fail };
  };

  it('lets everything through until so many calls in a row have failed', () => {
    const { breaker, changes, fail } = start();
    fail(2);
    breaker.settle(true);
    fail(2);
    expect(breaker.suspendedForMs()).toBe(0);
    fail();
    expect(breaker.suspendedForMs()).toBe(10_000);
    expect(changes).toEqual(['opened']);
  });

  it('says how long calls are still suspended', async () => {
    const { clock, breaker, fail } = start();
    fail(3);
    await clock.advance(9999);
    expect(breaker.suspendedForMs()).toBe(1);
  });

  it('learns nothing from failures of calls that were made before it opened', async () => {
    const { clock, breaker, changes, fail } = start();
    fail(3);
    await clock.advance(9000);
    fail(5);
    expect(breaker.suspendedForMs()).toBe(1000);
    expect(changes).toEqual(['opened']);
  });

  it('closes on a success of a call that was made before it opened: the other side is there', () => {
    const { breaker, changes, fail } = start();
    fail(3);
    breaker.settle(true);
    expect(breaker.suspendedForMs()).toBe(0);
    expect(changes).toEqual(['opened', 'closed']);
  });

  it('lets one probe through, and others only when that has succeeded', async () => {
    const { clock, breaker, changes, fail } = start();
    fail(3);
    await clock.advance(10_000);
    expect(breaker.suspendedForMs()).toBe(0);
    expect(breaker.suspendedForMs()).toBe(1000);
    breaker.settle(true);
    expect(breaker.suspendedForMs()).toBe(0);
    expect(breaker.suspendedForMs()).toBe(0);
    expect(changes).toEqual(['opened', 'closed']);
  });

  it('opens again at once when the probe fails', async () => {
    const { clock, breaker, changes, fail } = start();
    fail(3);
    await clock.advance(10_000);
    breaker.suspendedForMs();
    fail();
    expect(breaker.suspendedForMs()).toBe(10_000);
    expect(changes).toEqual(['opened', 'opened']);
  });

  it('replaces a probe that never comes back, as when the container was frozen', async () => {
    const { clock, breaker, fail } = start();
    fail(3);
    await clock.advance(10_000);
    breaker.suspendedForMs();
    await clock.advance(9999);
    expect(breaker.suspendedForMs()).toBe(1000);
    await clock.advance(1);
    expect(breaker.suspendedForMs()).toBe(0);
  });

  it('counts again from nothing once it has closed', async () => {
    const { clock, breaker, fail } = start();
    fail(3);
    await clock.advance(10_000);
    breaker.suspendedForMs();
    breaker.settle(true);
    fail(2);
    expect(breaker.suspendedForMs()).toBe(0);
  });
});

describe('the circuit breaker before Genesys', () => {
  it.each<[string, Reply]>([
    ['lost connections', 'reset'],
    ['timeouts', 'hang'],
    ['500s', { status: 500 }],
    ['504s', { status: 504 }],
  ])('opens after five %s in a row: then nothing is sent', async (_, reply) => {
    const world = await warm();
    for (let failure = 0; failure < 5; failure += 1) await attempt(world, reply);
    expect(world.genesys.calls('guest')).toHaveLength(5);
    expect(await attempt(world)).toBe('unavailable');
    expect(world.genesys.calls('guest')).toHaveLength(5);
    expect(world.telemetry.of('breaker_opened')).toEqual([{ openMs: 10_000 }]);
  });

  it('counts attempts that the end of the budget cut short', async () => {
    const world = await warm();
    for (let failure = 0; failure < 5; failure += 1) {
      world.genesys.script('token', 'hang');
      await world
        .within(1000, (deadline) => world.webchat.issueToken(guest, session, deadline))
        .catch(() => undefined);
    }
    expect(world.telemetry.of('breaker_opened')).toHaveLength(1);
  });

  it.each<[string, Reply]>([
    ['limits', { status: 429, headers: { 'retry-after': '0.1' } }],
    ['4xx', { status: 400 }],
    ['malformed responses', { status: 201, body: 'garbage' }],
    ['redirects', { status: 302 }],
  ])('does not count %s', async (_, reply) => {
    const world = await warm();
    for (let call = 0; call < 8; call += 1) await attempt(world, reply);
    expect(world.telemetry.of('breaker_opened')).toEqual([]);
    expect(await attempt(world)).toBe('ok');
  });

  it('counts only failures in a row', async () => {
    const world = await warm();
    for (let round = 0; round < 3; round += 1) {
      for (let failure = 0; failure < 4; failure += 1) await attempt(world, 'reset');
      expect(await attempt(world)).toBe('ok');
    }
    expect(world.telemetry.of('breaker_opened')).toEqual([]);
  });

  it('fails at once while it is open, and says when to come again', async () => {
    const world = await opened();
    await world.clock.advance(4000);
    const startedAt = world.clock.now();
    await expect(registered(world, world.webchat)).rejects.toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: 6,
    });
    expect(world.clock.now()).toBe(startedAt);
  });

  it('is one for all calls to Genesys', async () => {
    const world = await opened();
    await expect(
      world.within(8000, (deadline) => world.webchat.issueToken(guest, session, deadline)),
    ).rejects.toMatchObject({ code: 'unavailable' });
    expect(world.genesys.calls('token')).toHaveLength(0);
  });

  it('lets one probe through after 10 s and closes when that succeeds', async () => {
    const world = await opened();
    await world.clock.advance(9999);
    expect(await attempt(world)).toBe('unavailable');
    await world.clock.advance(1);
    world.genesys.latency.ms = 1000;
    const probing = attempt(world);
    const others = [attempt(world), attempt(world)];
    expect(await Promise.all([probing, ...others])).toEqual(['ok', 'unavailable', 'unavailable']);
    expect(world.genesys.calls('guest')).toHaveLength(6);
    expect(await attempt(world)).toBe('ok');
    expect(world.telemetry.of('breaker_closed')).toHaveLength(1);
  });

  it('stays open for another 10 s when the probe fails', async () => {
    const world = await opened();
    await world.clock.advance(10_000);
    expect(await attempt(world, 'reset')).toBe('unavailable');
    await world.clock.advance(9999);
    await attempt(world);
    expect(world.genesys.calls('guest')).toHaveLength(6);
    await world.clock.advance(1);
    expect(await attempt(world)).toBe('ok');
  });

  it('closes when the probe is limited: Genesys is there', async () => {
    const world = await opened();
    await world.clock.advance(10_000);
    await attempt(world, { status: 429, headers: { 'retry-after': '1' } });
    expect(world.telemetry.of('breaker_closed')).toHaveLength(1);
  });
});

const guest = {
  guestId: 'guest-1',
  provider: 'webchat-v1',
  profileDigest: 'digest',
  anonymous: true,
  consent: explicit,
  verified: false,
  registeredAtMs: 0,
  expiresAtMs: Number.MAX_SAFE_INTEGER,
} as const;
