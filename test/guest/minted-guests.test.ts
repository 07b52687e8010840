import { describe, expect, it } from '@jest/globals';
import type { InitialiseGuestResult } from '../../lambda/guest/initialise-guest.ts';
import { hashSession } from '../../lambda/guest/session-hash.ts';
import { deadlineIn } from '../support/clock.ts';
import { createGuestWorld } from '../support/guest-world.ts';

const jane = { email: 'jane@example.com', firstName: 'Jane' };
const sessionHash = hashSession('s', [])[0];
const guestOf = (result: InitialiseGuestResult): string => {
  if (result.kind !== 'issued') throw new Error(`expected a guest, got ${result.kind}`);
  return result.guestId;
};
const start = () => createGuestWorld({ mints: true });

describe('A guest that needs no call to the provider', () => {
  it('is there after one round trip, without a lease, and counts as created', async () => {
    const world = start();
    world.crm.set(sessionHash, jane);
    expect(await world.container()('s')).toMatchObject({ guestId: 'minted-1', enrichment: 'matched' });
    expect(world.state.created).toEqual([]);
    expect(world.telemetry.of('guest_created')).toEqual([{ sessionHash, guestId: 'minted-1' }]);
    expect(world.telemetry.of('guest_reused')).toEqual([]);
    expect(await world.registry.find([sessionHash], deadlineIn(world.clock))).toMatchObject({
      guest: { guestId: 'minted-1', consent: { given: true, type: 'explicit', stated: true } },
      leasedUntilMs: undefined,
    });
  });

  it('stays the session’s in every container, also when the profile changes; another that was made is none', async () => {
    const world = start();
    const first = guestOf(await world.container()('s'));
    world.crm.set(sessionHash, jane);
    expect(guestOf(await world.container()('s'))).toBe(first);
    expect(world.state.minted).toBeGreaterThan(1);
    expect(world.telemetry.of('guest_created')).toHaveLength(1);
    expect(world.telemetry.of('guest_reused')).toEqual([{ sessionHash }]);
  });

  it('gives way to another one when consent changes', async () => {
    const world = start();
    const call = world.container();
    await call('s');
    expect(guestOf(await call('s', { given: false }))).toBe('guest-1');
    expect(world.state.created).toMatchObject([{ consent: { given: false } }]);
  });

  it('is one for twenty requests at once in eight containers', async () => {
    const world = start();
    const containers = Array.from({ length: 8 }, world.container);
    const all = Array.from({ length: 20 }, (_, index) => containers[index % 8]?.('s'));
    const results = await world.finish(Promise.all(all));
    expect(new Set(results.map((result) => result && guestOf(result))).size).toBe(1);
    expect(world.telemetry.of('guest_created')).toHaveLength(1);
  });

  it('is kept where the response to its creation was lost, by every container', async () => {
    const world = start();
    world.broken.grantResponses = 1;
    const first = guestOf(await world.finish(world.container()('s')));
    expect(guestOf(await world.finish(world.container()('s')))).toBe(first);
  });

  it('counts as created once, where the response to its creation was lost', async () => {
    const world = start();
    world.broken.grantResponses = 1;
    const guestId = guestOf(await world.finish(world.container()('s')));
    expect(world.telemetry.of('guest_created')).toEqual([{ sessionHash, guestId }]);
    expect(world.telemetry.of('guest_reused')).toEqual([]);
  });

  it.each([
    ['is away', true],
    ['cannot be written', false],
  ])('is the one whose write lands late, where the registry %s when it is made', async (_, isAway) => {
    const world = start();
    world.broken.lateGrants = 1;
    const call = world.container();
    world.broken.crm = isAway;
    const first = guestOf(await world.finish(call('s')));
    expect(world.telemetry.of('guest_created')).toEqual([{ sessionHash, guestId: first }]);
    await world.clock.advance(1000);
    world.broken.registry = false;
    world.broken.crm = false;
    expect(guestOf(await world.finish(world.container()('s')))).toBe(first);
    expect(guestOf(await world.finish(call('s')))).toBe(first);
  });

  it('is known to its container while the registry is away, though it had been saved', async () => {
    const world = start();
    const call = world.container();
    const first = guestOf(await call('s'));
    world.broken.registry = true;
    expect(guestOf(await world.finish(call('s')))).toBe(first);
  });

  it('does not come back by its container once the session was erased', async () => {
    const world = start();
    const call = world.container();
    const first = guestOf(await call('s'));
    const deadline = deadlineIn(world.clock);
    const entry = await world.registry.find([sessionHash], deadline);
    if (entry?.guest === undefined) throw new Error('expected a guest');
    const ended = { ...entry.guest, expiresAtMs: world.clock.now() };
    world.registry.setUnsaved({ hashes: [sessionHash], binding: undefined }, { guest: ended, owner: 'crm' });
    expect(guestOf(await world.finish(call('s')))).not.toBe(first);
  });

  it('is not made beside one that lies under the older key of a rotation', async () => {
    const world = start();
    const first = guestOf(await world.container()('s'));
    world.keys.push({ id: '2026-11', key: Buffer.alloc(32, 1) }, { id: 'plain' });
    expect(guestOf(await world.container()('s'))).toBe(first);
    expect(world.state).toMatchObject({ minted: 1, created: [] });
  });

  it('is not made for a session whose guest could not be saved: that one is saved now', async () => {
    const world = start();
    world.broken.registry = true;
    const call = world.container();
    const first = guestOf(await world.finish(call('s')));
    world.broken.registry = false;
    const { minted } = world.state;
    expect(guestOf(await world.finish(call('s')))).toBe(first);
    expect(guestOf(await world.finish(world.container()('s')))).toBe(first);
    expect(world.state.minted).toBe(minted + 1);
  });

  it('is made anew where neither the saved one nor the stand-in can be read any more', async () => {
    const world = start();
    const call = world.container();
    world.broken.crm = true;
    world.broken.registry = true;
    await world.finish(call('s'));
    world.broken.crm = false;
    world.broken.registry = false;
    await world.clock.advance(1000);
    await world.finish(world.container()('s'));
    for (const guestId of ['minted-1', 'minted-2']) world.state.forgotten.add(guestId);
    const guest = guestOf(await world.finish(call('s')));
    expect(guest).toBe('guest-1');
    expect(world.telemetry.of('guest_unknown')).toHaveLength(2);
    expect(guestOf(await world.finish(world.container()('s')))).toBe(guest);
  });
});
