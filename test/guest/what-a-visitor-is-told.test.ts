import { describe, expect, it } from '@jest/globals';
import { GuestError, UnknownGuestError } from '../../lambda/guest/errors.ts';
import { hashSession } from '../../lambda/guest/session-hash.ts';
import { deadlineIn } from '../support/clock.ts';
import { createGuestWorld, limited } from '../support/guest-world.ts';

const sessionHash = hashSession('s', [])[0];
const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  await work.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('A visitor who waits in the queue', () => {
  it('is told how long the limit and the queue will take', async () => {
    const world = createGuestWorld();
    world.state.failures.push(limited(29_001));
    world.state.backlogSeconds = 10;
    expect(await world.container()('s')).toEqual({ kind: 'queued', retryAfterSeconds: 42 });
    expect(world.telemetry.of('registration_queued')).toEqual([{ sessionHash }]);
  });

  it('is told to look again after a minute at the latest', async () => {
    const world = createGuestWorld();
    world.state.failures.push(limited(90_000));
    expect(await world.container()('s')).toEqual({ kind: 'queued', retryAfterSeconds: 60 });
  });

  it('is told so by a container that has no queue, too', async () => {
    const world = createGuestWorld({ queued: false });
    const deadline = deadlineIn(world.clock);
    const lease = await world.registry.acquire([sessionHash], undefined, 'another', deadline);
    if (lease === undefined) throw new Error('expected a lease');
    const evidence = { consent: { given: true, type: 'explicit', stated: true }, verified: false } as const;
    await world.registry.queue(lease, world.clock.now(), evidence, deadline);
    expect(await world.container()('s')).toEqual({ kind: 'queued', retryAfterSeconds: 1 });
  });

  it('stays in it where the registry did not hear of it, which an operator reads', async () => {
    const world = createGuestWorld();
    world.state.failures.push(limited(30_000));
    world.state.sendMs = 100;
    const queueing = world.container()('s');
    await world.clock.advance(50);
    world.broken.registry = true;
    expect(await world.finish(queueing)).toMatchObject({ kind: 'queued' });
    expect(world.telemetry.of('registry_unavailable')).toEqual([{ operation: 'queue' }]);
  });

  it('is not told so where what they state now cannot reach the worker', async () => {
    const world = createGuestWorld();
    world.state.failures.push(limited(30_000));
    const call = world.container();
    await call('s');
    world.broken.evidence = true;
    expect(await failureOf(call('s', { given: false }))).toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: 1,
    });
    expect(world.telemetry.of('registry_unavailable')).toEqual([{ operation: 'updateEvidence' }]);
    expect(await call('s')).toMatchObject({ kind: 'queued' });
  });

  it('comes to it also where their guest was forgotten and its successor is limited', async () => {
    const world = createGuestWorld();
    const call = world.container();
    await call('s');
    world.state.forgotten.add('guest-1');
    world.state.failures.push(limited(30_000));
    expect(await call('s')).toMatchObject({ kind: 'queued' });
    expect(world.telemetry.of('guest_unknown')).toEqual([{ sessionHash }]);
  });
});

describe('A visitor whom the queue does not take', () => {
  it.each([
    ['just fits', 118, { kind: 'queued' }],
    ['is a second too long', 119, { code: 'unavailable', retryAfterSeconds: 121 }],
  ])('is told after how long to come back; one that %s', async (_, others, expected) => {
    const world = createGuestWorld();
    world.state.backlogSeconds = others + 1;
    world.state.failures.push(limited(30_000));
    expect(
      await world
        .container()('s')
        .catch((error: unknown) => error),
    ).toMatchObject(expected);
    expect(world.telemetry.of('admission_refused')).toEqual([]);
  });

  it('is told the longer of the two waits', async () => {
    const world = createGuestWorld();
    world.state.backlogSeconds = 130;
    const limit = limited(200_000);
    world.state.failures.push(limit);
    const failure = await failureOf(world.container()('s'));
    expect(failure).toMatchObject({ waitMs: 200_000, daily: false, cause: limit });
  });

  it('is told how long the limit lasts where the queue is away, which an operator reads', async () => {
    const world = createGuestWorld();
    world.broken.queue = true;
    world.state.failures.push(limited(30_000));
    expect(await failureOf(world.container()('s'))).toMatchObject({
      waitMs: 30_000,
      daily: false,
      cause: new Error('the queue is away'),
    });
    expect(world.telemetry.of('queue_unavailable')).toEqual([{ operation: 'send' }]);
    expect(world.telemetry.of('registration_queued')).toEqual([]);
  });

  it('meets the share of unverified sessions only where verified ones would fit', async () => {
    const world = createGuestWorld({ unverifiedQueueShare: 0.5 });
    const call = world.container();
    world.state.failures.push(limited(1000), limited(1000), limited(1000), limited(1000));
    world.state.backlogSeconds = 59;
    expect(await call('fits')).toMatchObject({ kind: 'queued' });
    await failureOf(call('a second too many'));
    expect(world.telemetry.of('admission_refused')).toHaveLength(1);
    world.state.backlogSeconds = 118;
    await failureOf(call('would just fit if verified'));
    expect(world.telemetry.of('admission_refused')).toHaveLength(2);
    world.state.backlogSeconds = 119;
    await failureOf(call('too long for all'));
    expect(world.telemetry.of('admission_refused')).toHaveLength(2);
  });
});

describe('A visitor who is refused', () => {
  it('is told to come back in a minute where the registration was given up', async () => {
    const world = createGuestWorld();
    const deadline = deadlineIn(world.clock);
    const lease = await world.registry.acquire([sessionHash], undefined, 'another', deadline);
    if (lease === undefined) throw new Error('expected a lease');
    await world.registry.fail(lease, deadline);
    const told = { code: 'registration_failed', retryAfterSeconds: 60 };
    expect(await failureOf(world.container()('s'))).toMatchObject(told);
    await world.clock.advance(15 * 60_000 - 1);
    expect(await failureOf(world.container()('s'))).toMatchObject(told);
    await world.clock.advance(1);
    expect(await world.container()('s')).toMatchObject({ guestId: 'guest-1' });
  });

  it('is not told to come back without the signature that is missing', async () => {
    const world = createGuestWorld();
    const call = world.container();
    await call('s', { verified: true });
    expect(await failureOf(call('s', { given: false }))).toMatchObject({
      code: 'unverified',
      retryAfterSeconds: undefined,
    });
    expect(await call('s', { verified: true, stated: false })).toMatchObject({ enrichment: 'not_found' });
  });
});

describe('When a guest token cannot be had', () => {
  it('the reason is passed on as it is, also for a guest that took another’s place', async () => {
    const world = createGuestWorld();
    const call = world.container();
    const failure = new GuestError('unavailable', { retryAfterSeconds: 3 });
    world.state.tokenFailures.push(failure);
    expect(await failureOf(call('s'))).toBe(failure);
    world.state.tokenFailures.push(new UnknownGuestError(), failure);
    expect(await failureOf(call('s'))).toBe(failure);
    world.state.tokenFailures.push(new UnknownGuestError(), new UnknownGuestError());
    expect(await failureOf(call('s'))).toMatchObject({
      code: 'rejected',
      cause: expect.any(UnknownGuestError),
    });
  });

  it('the answer waits until its guest is remembered all the same', async () => {
    const world = createGuestWorld();
    world.state.tokenFailures.push(new GuestError('unavailable'));
    await failureOf(world.container()('s'));
    expect(await world.registry.find([sessionHash], deadlineIn(world.clock))).toMatchObject({
      guest: { guestId: 'guest-1' },
      leasedUntilMs: undefined,
    });
  });
});

describe('Each guest that is given out', () => {
  it('is counted by what the CRM brought, and as created or reused', async () => {
    const world = createGuestWorld();
    const call = world.container();
    await call('s');
    await call('s');
    expect(world.telemetry.recorded).toEqual([
      { event: 'guest_created', fields: { sessionHash, guestId: 'guest-1' } },
      { event: 'enrichment_not_found', fields: undefined },
      { event: 'guest_reused', fields: { sessionHash } },
      { event: 'enrichment_not_found', fields: undefined },
    ]);
  });

  it('is found by one who waits soon after it is there, and not asked for all the time', async () => {
    const world = createGuestWorld();
    world.state.latencyMs = 3000;
    const first = world.container()('s');
    await world.clock.advance(10);
    const before = world.finds();
    const second = world.container()('s');
    await world.finish(Promise.all([first, second]), 10);
    expect(world.finds() - before).toBeGreaterThanOrEqual(8);
    expect(world.finds() - before).toBeLessThanOrEqual(14);
    expect(world.clock.now() - Date.parse('2026-05-15T10:00:00.000Z')).toBeLessThanOrEqual(3420);
  });
});
