import { describe, expect, it } from '@jest/globals';
import { createWorld, registered, session } from './world.ts';

describe('The calls of one process', () => {
  it('are suspended for ten seconds after five failures in a row, and resumed after one that succeeds', async () => {
    const world = createWorld();
    const guest = await registered(world, world.webchat);
    const issue = async () =>
      await world
        .within(700, (deadline) => world.webchat.issueToken(guest, session, deadline))
        .then(
          () => 'issued',
          (error: { code?: string }) => error.code,
        );
    world.genesys.script('token', ...Array.from({ length: 5 }, () => ({ status: 500 })));
    for (let call = 0; call < 4; call += 1) expect(await issue()).toBe('unavailable');
    expect(world.telemetry.of('breaker_opened')).toEqual([]);
    expect(await issue()).toBe('unavailable');
    expect(world.telemetry.of('breaker_opened')).toEqual([{ openMs: 10_000 }]);

    await world.clock.advance(9000);
    expect(await issue()).toBe('unavailable');
    expect(world.genesys.calls('token')).toHaveLength(5);
    await world.clock.advance(1000);
    expect(await issue()).toBe('issued');
    expect(world.telemetry.of('breaker_closed')).toHaveLength(1);
  });
});
