import { describe, expect, it } from '@jest/globals';
import type { Reply } from './scripted-transport.ts';
import { createWorld, registered, type World } from './world.ts';

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

describe('the circuit breaker', () => {
  it.each<[string, Reply]>([
    ['lost connections', 'reset'],
    ['timeouts', 'hang'],
    ['500s', { status: 500 }],
    ['504s', { status: 504 }],
  ])('opens after five %s in a row: then nothing is sent', async (_, reply) => {
    const world = await warm();
    for (let failure = 0; failure < 5; failure += 1) await attempt(world, reply);
    expect(world.genesys.calls('guest')).toHaveLength(5);
    expect(await attempt(world)).toBe('genesys_unavailable');
    expect(world.genesys.calls('guest')).toHaveLength(5);
    expect(world.telemetry.of('breaker_opened')).toEqual([{ openMs: 10_000 }]);
  });

  it('counts attempts that the end of the budget cut short', async () => {
    const world = await warm();
    for (let failure = 0; failure < 5; failure += 1) {
      world.genesys.script('token', 'hang');
      await world
        .within(1000, (deadline) => world.webchat.issueToken({ ...guest, guestId: 'guest-1' }, deadline))
        .catch(() => undefined);
    }
    expect(world.telemetry.of('breaker_opened')).toHaveLength(1);
  });

  it.each<[string, Reply]>([
    ['limits', { status: 429, headers: { 'retry-after': '0.1' } }],
    ['4xx', { status: 400 }],
    ['malformed answers', { status: 201, body: 'garbage' }],
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
      code: 'genesys_unavailable',
      retryAfterSeconds: 6,
    });
    expect(world.clock.now()).toBe(startedAt);
  });

  it('is one for all of Genesys', async () => {
    const world = await opened();
    await expect(
      world.within(8000, (deadline) => world.webchat.issueToken({ ...guest, guestId: 'guest-1' }, deadline)),
    ).rejects.toMatchObject({ code: 'genesys_unavailable' });
    expect(world.genesys.calls('token')).toHaveLength(0);
  });

  it('lets one probe through after 10 s and closes when that is answered', async () => {
    const world = await opened();
    await world.clock.advance(9999);
    expect(await attempt(world)).toBe('genesys_unavailable');
    await world.clock.advance(1);
    world.genesys.latency.ms = 1000;
    const probing = attempt(world);
    const others = [attempt(world), attempt(world)];
    expect(await Promise.all([probing, ...others])).toEqual([
      'ok',
      'genesys_unavailable',
      'genesys_unavailable',
    ]);
    expect(world.genesys.calls('guest')).toHaveLength(6);
    expect(await attempt(world)).toBe('ok');
    expect(world.telemetry.of('breaker_closed')).toHaveLength(1);
  });

  it('stays open for another 10 s when the probe fails', async () => {
    const world = await opened();
    await world.clock.advance(10_000);
    expect(await attempt(world, 'reset')).toBe('genesys_unavailable');
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
  consent: { given: true, type: 'explicit' },
  registeredAtMs: 0,
  expiresAtMs: Number.MAX_SAFE_INTEGER,
} as const;
