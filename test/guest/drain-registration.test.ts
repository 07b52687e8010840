import { describe, expect, it } from '@jest/globals';
import { GuestError } from '../../lambda/guest/errors.ts';
import type { QueuedRegistration } from '../../lambda/guest/ports.ts';
import { hashSession, type SessionHashes } from '../../lambda/guest/session-hash.ts';
import { deadlineIn } from '../support/clock.ts';
import { createGuestWorld, limited, responseLost } from '../support/guest-world.ts';

const sessionHash = hashSession('s', [])[0];

/** A world in which session `s` waits in the queue. */
const queuedWorld = async (): Promise<{
  world: ReturnType<typeof createGuestWorld>;
  message: QueuedRegistration;
  drain: (deliveries?: number) => ReturnType<ReturnType<typeof createGuestWorld>['drain']>;
}> => {
  const world = createGuestWorld();
  world.state.failures.push(limited(30_000));
  await world.container()('s');
  const message = world.queued();
  return {
    world,
    message,
    drain: (deliveries = 1) => world.drain(message, deliveries, deadlineIn(world.clock, 30_000)),
  };
};

describe('The overflow worker', () => {
  it('registers the guest that the visitor then finds, without asking for a token', async () => {
    const { world, drain } = await queuedWorld();
    expect(await drain()).toEqual({ kind: 'done' });
    expect(world.state).toMatchObject({ tokens: 0 });
    expect(await world.container()('s')).toMatchObject({ kind: 'issued', guestId: 'guest-1' });
    expect(world.state.created).toHaveLength(1);
  });

  it('finds the registration also where the queue confirmed it as the request’s time ended', async () => {
    const world = createGuestWorld();
    world.state.failures.push(limited(30_000));
    world.state.sendMs = 1000;
    expect(await world.finish(world.container()('s', {}, deadlineIn(world.clock, 1000)))).toMatchObject({
      kind: 'queued',
    });
    const message = world.queued();
    expect(await world.drain(message, 1, deadlineIn(world.clock, 30_000))).toEqual({ kind: 'done' });
    expect(world.state.created).toHaveLength(1);
  });

  it('does nothing on a message that is delivered again', async () => {
    const { world, drain } = await queuedWorld();
    await drain();
    expect(await drain(2)).toEqual({ kind: 'done' });
    expect(world.state.created).toHaveLength(1);
  });

  it('two workers with the same message create one guest', async () => {
    const { world, drain } = await queuedWorld();
    world.state.latencyMs = 300;
    const outcomes = await world.finish(Promise.all([drain(), drain()]));
    expect(outcomes).toContainEqual({ kind: 'done' });
    expect(world.state.created).toHaveLength(1);
  });

  it('lets a newer consent in the registry win over the message: the CRM is not read', async () => {
    const { world, drain } = await queuedWorld();
    await world.container()('s', { given: false });
    world.reads.length = 0;
    await drain();
    expect(world.reads).toEqual([]);
    expect(world.state.created[0]).toMatchObject({ consent: { given: false }, profile: { anonymous: true } });
  });

  it('comes back after the time that Genesys asks for', async () => {
    const { world, drain } = await queuedWorld();
    world.state.failures.push(limited(12_400));
    expect(await drain()).toEqual({ kind: 'later', afterSeconds: 13, limited: true });
    expect(await drain(2)).toEqual({ kind: 'done' });
    expect(world.state.created).toHaveLength(1);
  });

  it('gives up when the registration is too old, and the visitor is told', async () => {
    const { world, drain } = await queuedWorld();
    await world.clock.advance(121_000);
    expect(await drain()).toEqual({ kind: 'done' });
    expect(world.telemetry.of('registration_given_up')).toEqual([
      expect.objectContaining({ reason: 'too_old' }),
    ]);
    await expect(world.container()('s')).rejects.toMatchObject({ code: 'registration_failed' });
  });

  it('counts the guest that a worker may have created before it died, also where it gives up', async () => {
    const { world, message, drain } = await queuedWorld();
    const hashes: SessionHashes = [message.sessionHash];
    const seen = await world.registry.find(hashes, deadlineIn(world.clock));
    await world.registry.acquire(hashes, seen, 'a worker that dies', deadlineIn(world.clock));
    await world.clock.advance(360_000);
    expect(await drain(2)).toEqual({ kind: 'done' });
    expect(world.telemetry.of('registration_given_up')).toHaveLength(1);
    expect(world.telemetry.of('guest_orphaned')).toEqual([
      expect.objectContaining({ reason: 'lease_expired' }),
    ]);
  });

  it('saves the guest that it has created already, however old the registration is by then', async () => {
    const { world, drain } = await queuedWorld();
    await world.clock.advance(100_000);
    world.broken.completeWrites = 1;
    await expect(drain()).rejects.toThrow('not saved yet');
    await world.clock.advance(25_000);
    expect(await drain(2)).toEqual({ kind: 'done' });
    expect(await world.container()('s')).toMatchObject({ kind: 'issued', guestId: 'guest-1' });
    expect(world.state.created).toHaveLength(1);
  });

  it.each([
    ['a permanent refusal', new GuestError('rejected'), 1],
    ['a daily limit', limited(4_000_000, true), 1],
    ['a wait beyond the greatest age', limited(121_000), 1],
    ['ten deliveries', new GuestError('unavailable'), 10],
  ])('gives up after %s', async (_, failure, deliveries) => {
    const { world, drain } = await queuedWorld();
    world.state.failures.push(failure);
    expect(await drain(deliveries)).toEqual({ kind: 'done' });
    await expect(world.container()('s')).rejects.toMatchObject({ code: 'registration_failed' });
  });

  it('tries again later while Genesys is away', async () => {
    const { world, drain } = await queuedWorld();
    world.state.failures.push(new GuestError('unavailable', { retryAfterSeconds: 7 }));
    expect(await drain()).toEqual({ kind: 'later', afterSeconds: 7, limited: false });
    expect(await world.container()('s')).toMatchObject({ kind: 'queued' });
  });

  it("never repeats a creation whose response was lost: the visitor's next request starts again", async () => {
    const { world, drain } = await queuedWorld();
    world.state.failures.push(responseLost());
    expect(await drain()).toEqual({ kind: 'done' });
    expect(world.telemetry.of('guest_orphaned')).toHaveLength(1);
    expect(await world.container()('s')).toMatchObject({ kind: 'issued', guestId: 'guest-1' });
  });

  it('waits for the CRM rather than registering a poorer profile, but not for ever', async () => {
    const { world, drain } = await queuedWorld();
    world.broken.crm = true;
    expect(await drain()).toMatchObject({ kind: 'later' });
    await world.clock.advance(61_000);
    expect(await drain(2)).toEqual({ kind: 'done' });
    expect(world.state.created[0]?.profile.anonymous).toBe(true);
  });

  it('leaves a session alone whose entry was erased meanwhile', async () => {
    const { world, drain } = await queuedWorld();
    await world.clock.advance(16 * 60_000);
    expect(await drain()).toEqual({ kind: 'done' });
    expect(world.state.created).toHaveLength(0);
  });

  it('waits for a request that is still about to say that it has queued', async () => {
    const { world, message } = await queuedWorld();
    const other = { ...message, sessionHash: hashSession('other', [])[0] };
    await world.registry.acquire([other.sessionHash], undefined, 'somebody', deadlineIn(world.clock));
    expect(await world.drain(other, 1, deadlineIn(world.clock))).toMatchObject({ kind: 'later' });
    expect(sessionHash).not.toBe(other.sessionHash);
  });
});

describe('What the overflow worker does, the operator reads', () => {
  it('that it registered a guest, and how long that had waited', async () => {
    const { world, drain } = await queuedWorld();
    await world.clock.advance(41_400);
    await drain();
    expect(world.telemetry.of('registration_served')).toEqual([{ sessionHash, waitedSeconds: 41 }]);
  });

  it.each<[string, GuestError, number, string]>([
    ['Genesys refused for good', new GuestError('rejected'), 1, 'rejected'],
    ['consent is lacking', new GuestError('consent_required'), 1, 'consent_required'],
    ['the limit is a daily one', limited(1000, true), 1, 'limited'],
    ['the limit outlasts the greatest age', limited(120_001), 1, 'limited'],
    ['the limit meets the last delivery', limited(1000), 10, 'limited'],
    ['Genesys is away at the last delivery', new GuestError('unavailable'), 10, 'too_many_deliveries'],
  ])('that it gave up because %s', async (_, failure, deliveries, reason) => {
    const { world, drain } = await queuedWorld();
    world.state.failures.push(failure);
    await drain(deliveries);
    expect(world.telemetry.of('registration_given_up')).toEqual([{ sessionHash, reason }]);
    expect(world.telemetry.of('registration_postponed')).toEqual([]);
  });

  it.each<[string, Error, number, object]>([
    ['a limit that just fits the greatest age', limited(120_000), 1, { afterSeconds: 120, limited: true }],
    ['a limit before the last delivery', limited(1000), 9, { afterSeconds: 1, limited: true }],
    ['an outage that names no time', new GuestError('unavailable'), 9, { afterSeconds: 5, limited: false }],
    ['a defect', new Error('a defect'), 1, { afterSeconds: 5, limited: false }],
  ])('that it postponed one after %s', async (_, failure, deliveries, outcome) => {
    const { world, drain } = await queuedWorld();
    world.state.failures.push(failure);
    expect(await drain(deliveries)).toEqual({ kind: 'later', ...outcome });
    expect(world.telemetry.of('registration_postponed')).toEqual([
      { sessionHash, afterSeconds: (outcome as { afterSeconds: number }).afterSeconds },
    ]);
    expect(await drain(deliveries)).toEqual({ kind: 'done' });
  });

  it('that it dropped one whose guest may exist', async () => {
    const { world, drain } = await queuedWorld();
    world.state.failures.push(responseLost());
    await drain();
    expect(world.telemetry.of('registration_dropped')).toEqual([{ sessionHash, reason: 'response_lost' }]);
    expect(await world.registry.find([sessionHash], deadlineIn(world.clock))).toBeUndefined();
  });
});

describe('A registration in the queue', () => {
  it('is served until its greatest age, and not a moment longer', async () => {
    const young = await queuedWorld();
    await young.world.clock.advance(120_000);
    await young.drain();
    expect(young.world.state.created).toHaveLength(1);
    const old = await queuedWorld();
    await old.world.clock.advance(120_001);
    await old.drain();
    expect(old.world.state.created).toHaveLength(0);
    // For one that is given up the CRM need not be read: this was the visitor's own request.
    expect(old.world.reads).toHaveLength(1);
  });

  it('is older than its message where a later attempt was queued: a message of the same moment serves it', async () => {
    const { world, message } = await queuedWorld();
    const earlier = { ...message, queuedAtMs: message.queuedAtMs - 1 };
    expect(await world.drain(earlier, 1, deadlineIn(world.clock))).toEqual({ kind: 'done' });
    expect(world.state.created).toHaveLength(0);
    expect(await world.drain(message, 1, deadlineIn(world.clock))).toEqual({ kind: 'done' });
    expect(world.state.created).toHaveLength(1);
  });

  it('waits for the CRM for half of its greatest age, in steps of two seconds', async () => {
    const { world, drain } = await queuedWorld();
    world.broken.crm = true;
    await world.clock.advance(59_999);
    expect(await drain()).toEqual({ kind: 'later', afterSeconds: 2, limited: false });
    await world.clock.advance(1);
    expect(await drain()).toEqual({ kind: 'done' });
  });

  it('does not wait for the CRM at its last delivery', async () => {
    const { world, drain } = await queuedWorld();
    world.broken.crm = true;
    expect(await drain(10)).toEqual({ kind: 'done' });
    expect(world.state.created[0]?.profile.anonymous).toBe(true);
  });

  it('comes back in two seconds while another worker holds the lease', async () => {
    const { world, message, drain } = await queuedWorld();
    const deadline = deadlineIn(world.clock);
    const seen = await world.registry.find([message.sessionHash], deadline);
    await world.registry.acquire([message.sessionHash], seen, 'another worker', deadline);
    expect(await drain()).toEqual({ kind: 'later', afterSeconds: 2 });
    expect(world.state.created).toHaveLength(0);
  });

  it('of another provider is given up: its guest would not be found', async () => {
    const { world, message } = await queuedWorld();
    const other = { ...message, provider: 'web-messaging' };
    expect(await world.drain(other, 1, deadlineIn(world.clock))).toEqual({ kind: 'done' });
    expect(world.telemetry.of('registration_given_up')).toEqual([{ sessionHash, reason: 'other_provider' }]);
    expect(world.reads.length).toBe(1);
  });

  it.each([
    ['is given up for its provider', { provider: 'web-messaging' }, false],
    ['waits for the CRM', {}, true],
  ])('counts the guest of a worker that died, also where it %s', async (_, change, crmIsAway) => {
    const { world, message } = await queuedWorld();
    const deadline = deadlineIn(world.clock, 60_000);
    const seen = await world.registry.find([message.sessionHash], deadline);
    await world.registry.acquire([message.sessionHash], seen, 'a worker that dies', deadline);
    await world.clock.advance(6000);
    world.broken.crm = crmIsAway;
    await world.drain({ ...message, ...change }, 2, deadline);
    expect(world.telemetry.of('guest_orphaned')).toEqual([{ sessionHash, reason: 'lease_expired' }]);
  });

  it('whose guest this container could not save is given up once another profile is wanted and it is too old', async () => {
    const { world, drain } = await queuedWorld();
    world.broken.completeWrites = 1;
    await expect(drain()).rejects.toThrow('not saved yet');
    world.crm.set(sessionHash, { email: 'jane@example.com' });
    await world.clock.advance(121_000);
    expect(await drain(2)).toEqual({ kind: 'done' });
    expect(world.telemetry.of('registration_given_up')).toEqual([{ sessionHash, reason: 'too_old' }]);
    expect(world.state.created).toHaveLength(1);
  });

  it('is registered anew where the guest that was not saved fits no more', async () => {
    const { world, drain } = await queuedWorld();
    world.broken.completeWrites = 1;
    await expect(drain()).rejects.toThrow('not saved yet');
    world.crm.set(sessionHash, { email: 'jane@example.com' });
    expect(await drain(2)).toEqual({ kind: 'done' });
    expect(await world.container()('s')).toMatchObject({ guestId: 'guest-2', enrichment: 'matched' });
  });

  it('comes back where this worker was frozen until another one held the lease', async () => {
    const { world, message, drain } = await queuedWorld();
    world.state.waitMs = 2000;
    const draining = drain();
    await world.clock.advance(1000);
    world.clock.freeze(6000);
    const deadline = deadlineIn(world.clock);
    const seen = await world.registry.find([message.sessionHash], deadline);
    await world.registry.acquire([message.sessionHash], seen, 'another worker', deadline);
    expect(await world.finish(draining)).toEqual({ kind: 'later', afterSeconds: 2 });
    expect(world.state.created).toHaveLength(0);
  });

  it('leaves no timer behind', async () => {
    const { world, message } = await queuedWorld();
    const deadline = deadlineIn(world.clock);
    const before = world.clock.pendingTimers;
    await world.drain(message, 1, deadline);
    expect(world.clock.pendingTimers).toBe(before);
  });
});

describe('A worker whose guests cannot be saved', () => {
  it('remembers the newest thousand of them', async () => {
    const world = createGuestWorld();
    const sessions = Array.from({ length: 1001 }, (_, index) => `s${index}`);
    for (const session of sessions) {
      world.state.failures.push(limited(30_000));
      world.state.backlogSeconds = -world.messages.length;
      await world.container()(session);
    }
    const [oldest, second] = world.messages;
    if (oldest === undefined || second === undefined) throw new Error('expected messages');
    const deadline = deadlineIn(world.clock, 100_000);
    world.broken.completeWrites = sessions.length;
    for (const message of world.messages) await world.drain(message, 1, deadline).catch(() => undefined);
    expect(world.state.created).toHaveLength(1001);
    await world.clock.advance(6000);
    await world.drain(second, 2, deadline);
    expect(world.state.created).toHaveLength(1001);
    await world.drain(oldest, 2, deadline);
    expect(world.state.created).toHaveLength(1002);
  });
});
