import { describe, expect, it } from '@jest/globals';
import { GuestError } from '../../lambda/guest/errors.ts';
import type { InitialiseGuestResult } from '../../lambda/guest/initialise-guest.ts';
import { hashSession } from '../../lambda/guest/session-hash.ts';
import { deadlineIn } from '../support/clock.ts';
import { createGuestWorld, leaseMs, limited, responseLost } from '../support/guest-world.ts';

const jane = { email: 'jane@example.com', firstName: 'Jane', tier: 'Enterprise', previousTickets: 12 };
const hashOf = (sessionId: string): string => hashSession(sessionId, [])[0];

const issued = (result: InitialiseGuestResult) => {
  if (result.kind !== 'issued') throw new Error(`expected a guest, got ${result.kind}`);
  return result;
};

describe('A visitor gets a guest', () => {
  it('with the profile that the CRM knows', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    const result = issued(await world.container()('s'));
    expect(result.enrichment).toBe('matched');
    expect(result.crmAttributes).toEqual({ firstName: 'Jane', tier: 'Enterprise', previousTickets: 12 });
    expect(world.state.created[0]?.profile).toMatchObject({ email: 'jane@example.com', anonymous: false });
  });

  it('with an anonymous profile when the CRM knows nothing', async () => {
    const world = createGuestWorld();
    const result = issued(await world.container()('s'));
    expect(result.enrichment).toBe('not_found');
    expect(result.crmAttributes).toEqual({ firstName: 'Guest', tier: 'Unknown', previousTickets: 0 });
    expect(world.state.created[0]?.profile.email).toBe(`visitor_${hashOf('s').slice(0, 8)}@temp.com`);
  });

  it('without the CRM being read when consent is not given', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    const result = issued(await world.container()('s', { given: false }));
    expect(result.enrichment).toBe('no_consent');
    expect(world.reads).toEqual([{ crm: false }]);
    expect(world.state.created[0]?.profile.anonymous).toBe(true);
  });

  it('anonymous and degraded while the CRM cannot be read', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    world.broken.crm = true;
    expect(issued(await world.container()('s')).enrichment).toBe('degraded');
    expect(world.state.created[0]?.profile.anonymous).toBe(true);
  });
});

describe('One guest per session', () => {
  it('a reload re-uses the guest and gets a token of its own', async () => {
    const world = createGuestWorld();
    const first = issued(await world.container()('s'));
    const second = issued(await world.container()('s'));
    expect(second.guestId).toBe(first.guestId);
    expect(second.token.accessToken).not.toBe(first.token.accessToken);
    expect(world.state.created).toHaveLength(1);
    expect(world.telemetry.of('guest_reused')).toHaveLength(1);
  });

  it('twenty requests at once in eight containers create one guest', async () => {
    const world = createGuestWorld();
    world.state.latencyMs = 300;
    const containers = Array.from({ length: 8 }, world.container);
    const all = Array.from({ length: 20 }, (_, index) => containers[index % 8]?.('s'));
    const results = await world.finish(Promise.all(all));
    expect(new Set(results.map((result) => result?.kind === 'issued' && result.guestId))).toEqual(
      new Set(['guest-1']),
    );
    expect(world.state.created).toHaveLength(1);
  });

  it('a changed profile registers again', async () => {
    const world = createGuestWorld();
    const call = world.container();
    await call('s');
    world.crm.set(hashOf('s'), jane);
    expect(issued(await call('s')).guestId).toBe('guest-2');
  });

  it('a CRM change that Genesys is not told about re-uses the guest', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    const call = world.container();
    await call('s');
    world.crm.set(hashOf('s'), { ...jane, updatedAt: '2026-05-15T10:00:00Z' });
    expect(issued(await call('s')).guestId).toBe('guest-1');
  });

  it('a changed consent registers again', async () => {
    const world = createGuestWorld();
    const call = world.container();
    await call('s');
    expect(issued(await call('s', { type: 'implicit' })).guestId).toBe('guest-2');
  });

  it('a new key for hashing sessions keeps the guest of the older hash', async () => {
    const world = createGuestWorld();
    const call = world.container();
    await call('s');
    world.keys.push({ id: '2026-11', key: Buffer.alloc(32, 1) }, { id: 'plain' });
    expect(issued(await call('s')).guestId).toBe('guest-1');
    world.keys.pop();
    expect(issued(await call('s')).guestId).toBe('guest-1');
    expect(world.state.created).toHaveLength(1);
  });

  it('a guest that Genesys does not know any more is registered again, once', async () => {
    const world = createGuestWorld();
    const call = world.container();
    await call('s');
    world.state.forgotten.add('guest-1');
    expect(issued(await call('s')).guestId).toBe('guest-2');
    world.state.forgotten.add('guest-2').add('guest-3');
    await expect(call('s')).rejects.toMatchObject({ code: 'rejected' });
    expect(world.state.created).toHaveLength(3);
  });

  it('a dead holder blocks nobody longer than its lease, and its possible orphan is counted', async () => {
    const world = createGuestWorld();
    await world.registry.acquire([hashOf('s')], undefined, 'somebody', deadlineIn(world.clock));
    const before = world.clock.now();
    const result = await world.finish(world.container()('s'));
    expect(issued(result).guestId).toBe('guest-1');
    expect(world.clock.now() - before).toBeLessThanOrEqual(leaseMs + 500);
    expect(world.telemetry.of('guest_orphaned')).toEqual([
      expect.objectContaining({ reason: 'lease_expired' }),
    ]);
  });
});

describe('When the response to a grant is lost', () => {
  it('the request does not wait for its own lease, and counts no orphan', async () => {
    const world = createGuestWorld();
    world.broken.grantResponses = 1;
    const before = world.clock.now();
    const result = await world.finish(world.container()('s'));
    expect(issued(result).guestId).toBe('guest-1');
    expect(world.clock.now() - before).toBeLessThan(500);
    expect(world.telemetry.of('guest_orphaned')).toEqual([]);
    expect(issued(await world.container()('s')).guestId).toBe('guest-1');
  });
});

describe('A degraded request', () => {
  it("re-uses the session's richer guest", async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    const call = world.container();
    await call('s');
    world.broken.crm = true;
    const result = issued(await call('s'));
    expect(result).toMatchObject({ guestId: 'guest-1', enrichment: 'degraded' });
    expect(result.crmAttributes).toMatchObject({ firstName: 'Guest' });
  });

  it('is followed by a healthy one that registers the richer profile', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    world.broken.crm = true;
    const call = world.container();
    await call('s');
    world.broken.crm = false;
    expect(issued(await call('s'))).toMatchObject({ guestId: 'guest-2', enrichment: 'matched' });
  });
});

describe('While the registry is away', () => {
  it('the chat opens, and a container keeps to one guest per session', async () => {
    const world = createGuestWorld();
    world.broken.registry = true;
    world.state.latencyMs = 100;
    const call = world.container();
    const results = await world.finish(Promise.all([call('s'), call('s'), call('s')]));
    expect(results.map((result) => issued(result).guestId)).toEqual(['guest-1', 'guest-1', 'guest-1']);
    expect(world.telemetry.of('registry_unavailable').length).toBeGreaterThan(0);
  });

  it('a guest made meanwhile is remembered for all when the registry is back', async () => {
    const world = createGuestWorld();
    world.broken.registry = true;
    const call = world.container();
    await call('s');
    world.broken.registry = false;
    await call('s');
    expect(issued(await world.container()('s')).guestId).toBe('guest-1');
    expect(world.state.created).toHaveLength(1);
  });

  it('an entry that was erased on purpose is not brought back from memory', async () => {
    const world = createGuestWorld();
    const call = world.container();
    await call('s');
    const deadline = deadlineIn(world.clock);
    const entry = await world.registry.find([hashOf('s')], deadline);
    const lease = await world.registry.acquire([hashOf('s')], entry, 'somebody', deadline);
    if (lease === undefined) throw new Error('expected a lease');
    await world.registry.complete(lease, { ...entry?.guest, expiresAtMs: 0 } as never, deadline);
    expect(issued(await call('s')).guestId).toBe('guest-2');
  });

  it('limiting is answered with an error, since a queued guest could not be found again', async () => {
    const world = createGuestWorld();
    world.broken.registry = true;
    world.state.failures.push(limited(30_000));
    await expect(world.container()('s')).rejects.toMatchObject({ code: 'unavailable' });
    expect(world.messages).toHaveLength(0);
  });
});

describe('When Genesys limits for longer than the budget', () => {
  it('the registration is queued with no personal data, and repeats add no message', async () => {
    const world = createGuestWorld();
    world.crm.set(hashOf('s'), jane);
    world.state.failures.push(limited(30_000));
    const call = world.container();
    expect(await call('s')).toEqual({ kind: 'queued', retryAfterSeconds: 32 });
    expect(await call('s')).toMatchObject({ kind: 'queued' });
    expect(world.messages).toHaveLength(1);
    expect(Object.keys(world.messages[0] ?? {}).sort()).toEqual([
      'consent',
      'olderHashes',
      'provider',
      'queuedAtMs',
      'sessionHash',
    ]);
    expect(JSON.stringify(world.messages)).not.toContain('jane');
  });

  it('without a queue the visitor is told when to come back', async () => {
    const world = createGuestWorld({ queued: false });
    world.state.failures.push(limited(30_000));
    await expect(world.container()('s')).rejects.toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: 30,
    });
  });

  it('a queue that is too long to be served in time takes nobody else', async () => {
    const world = createGuestWorld();
    world.state.backlogSeconds = 120;
    world.state.failures.push(limited(30_000));
    await expect(world.container()('s')).rejects.toMatchObject({
      code: 'unavailable',
      retryAfterSeconds: 121,
    });
    expect(world.messages).toHaveLength(0);
  });

  it('a daily limit is not queued', async () => {
    const world = createGuestWorld();
    world.state.failures.push(limited(4_000_000, true));
    await expect(world.container()('s')).rejects.toMatchObject({ code: 'unavailable' });
    expect(world.messages).toHaveLength(0);
  });

  it('limiting of the guest token is an error with nothing queued and the guest kept', async () => {
    const world = createGuestWorld();
    world.state.tokenFailures.push(limited(30_000));
    const call = world.container();
    await expect(call('s')).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 30 });
    expect(world.messages).toHaveLength(0);
    expect(issued(await call('s')).guestId).toBe('guest-1');
    expect(world.state.created).toHaveLength(1);
  });

  it('a queue that is away is an error, and the session is free at once', async () => {
    const world = createGuestWorld();
    world.broken.queue = true;
    world.state.failures.push(limited(30_000));
    const call = world.container();
    await expect(call('s')).rejects.toMatchObject({ code: 'unavailable' });
    expect(issued(await call('s')).guestId).toBe('guest-1');
  });

  it('a queued registration that was given up is told once the visitor repeats', async () => {
    const world = createGuestWorld();
    const deadline = deadlineIn(world.clock);
    const lease = await world.registry.acquire([hashOf('s')], undefined, 'somebody', deadline);
    if (lease === undefined) throw new Error('expected a lease');
    await world.registry.fail(lease, deadline);
    const call = world.container();
    await expect(call('s')).rejects.toMatchObject({ code: 'registration_failed' });
    await world.clock.advance(15 * 60_000);
    expect(issued(await call('s')).guestId).toBe('guest-1');
  });
});

describe('When creating a guest fails', () => {
  it('it is not repeated, the possible orphan is counted and the session is free at once', async () => {
    const world = createGuestWorld();
    world.state.failures.push(responseLost());
    const call = world.container();
    await expect(call('s')).rejects.toMatchObject({ code: 'unavailable' });
    expect(world.state.created).toHaveLength(0);
    expect(world.telemetry.of('guest_orphaned')).toEqual([
      expect.objectContaining({ reason: 'response_lost' }),
    ]);
    expect(issued(await call('s')).guestId).toBe('guest-1');
  });

  it('somebody who waits for it takes over', async () => {
    const world = createGuestWorld();
    world.state.latencyMs = 200;
    world.state.failures.push(new GuestError('rejected'));
    const call = world.container();
    const results = await world.finish(Promise.allSettled([call('s'), call('s')]));
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('waiting for somebody else ends with the budget', async () => {
    const world = createGuestWorld();
    world.state.latencyMs = 60_000;
    const call = world.container();
    const first = call('s', {}, deadlineIn(world.clock, 90_000)).catch(() => undefined);
    const second = call('s', {}, deadlineIn(world.clock, 1000));
    second.catch(() => undefined);
    await world.clock.advance(1100);
    await expect(second).rejects.toBeDefined();
    await world.finish(first);
  });
});
