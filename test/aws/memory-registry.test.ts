import { describe, expect, it } from '@jest/globals';
import { createMemoryRegistry } from '../../lambda/aws/memory-registry.ts';
import type { SessionIdentity } from '../../lambda/guest/session-hash.ts';
import { createTestClock, deadlineIn } from '../support/clock.ts';
import {
  createVisit,
  describeRegistry,
  guestAt,
  guestTtlSeconds,
  leaseMs,
  refused,
  silent,
} from '../support/registry-contract.ts';

describeRegistry('the memory of a container', async (options) => createMemoryRegistry(options));

describe('the memory of a container', () => {
  const sessionOf = (...hashes: [string, ...string[]]): SessionIdentity => ({ hashes, binding: undefined });
  const start = (maxEntries?: number) => {
    const clock = createTestClock();
    const options = { clock, leaseMs, guestTtlSeconds };
    const registry = createMemoryRegistry(maxEntries === undefined ? options : { ...options, maxEntries });
    const visitOf = (...hashes: [string, ...string[]]) => createVisit(registry, clock, hashes);
    return { clock, registry, deadline: deadlineIn(clock), visitOf };
  };

  it('keeps a guest that could not be saved, with the owner of its lease, under each hash', async () => {
    const { clock, registry, visitOf } = start();
    const guest = guestAt(clock.now(), { consent: silent, verified: true });
    registry.setUnsaved(sessionOf('new', 'old'), { guest, owner: 'me' });
    expect(registry.unsaved(sessionOf('new', 'old'))).toEqual({ guest, owner: 'me' });
    expect(registry.unsaved(sessionOf('newer', 'old'))).toEqual({ guest, owner: 'me' });
    expect(await visitOf('new', 'old').found()).toMatchObject({
      guest,
      guestEverywhere: true,
      consent: silent,
      verified: true,
    });
  });

  it('forgets that a guest is unsaved when it was saved in the end, and keeps the guest', async () => {
    const { clock, registry, visitOf } = start();
    const guest = guestAt(clock.now());
    registry.setUnsaved(sessionOf('a'), { guest, owner: 'me' });
    registry.setUnsaved(sessionOf('a'), undefined);
    expect(registry.unsaved(sessionOf('a'))).toBeUndefined();
    expect(await visitOf('a').found()).toMatchObject({ guest });
  });

  it('forgets an unsaved guest that is given up, and none that was saved', async () => {
    const { registry, clock } = start();
    registry.setUnsaved(sessionOf('a', 'b'), { guest: guestAt(clock.now()), owner: 'me' });
    registry.giveUp(sessionOf('a', 'b', 'c'));
    expect(registry.unsaved(sessionOf('a', 'b'))).toBeUndefined();
    expect(await registry.find(['a', 'b'], deadlineIn(clock))).toBeUndefined();
    registry.setUnsaved(sessionOf('a'), { guest: guestAt(clock.now()), owner: 'me' });
    registry.setUnsaved(sessionOf('a'), undefined);
    registry.giveUp(sessionOf('a'));
    expect(await registry.find(['a'], deadlineIn(clock))).toMatchObject({ guest: { guestId: 'guest-1' } });
  });

  it('knows of no unsaved guest where there was none, or where it has ended', async () => {
    const { clock, registry, visitOf } = start();
    expect(registry.unsaved(sessionOf('a'))).toBeUndefined();
    registry.setUnsaved(sessionOf('a'), undefined);
    expect(await visitOf('a').find()).toBeUndefined();
    await visitOf('a').register();
    expect(registry.unsaved(sessionOf('a'))).toBeUndefined();
    const guest = guestAt(clock.now(), { expiresAtMs: clock.now() + 1000 });
    registry.setUnsaved(sessionOf('a'), { guest, owner: 'me' });
    await clock.advance(1000);
    expect(registry.unsaved(sessionOf('a'))).toBeUndefined();
  });

  it('remembers that a guest is unsaved through a later registration of the session', async () => {
    const { clock, registry, visitOf } = start();
    registry.setUnsaved(sessionOf('a'), { guest: guestAt(clock.now()), owner: 'me' });
    await visitOf('a').register({ guestId: 'guest-2' });
    expect(registry.unsaved(sessionOf('a'))).toMatchObject({ guest: { guestId: 'guest-2' }, owner: 'me' });
  });

  it('leaves a lease to its holder when an unsaved guest is remembered meanwhile', async () => {
    const { clock, registry, visitOf } = start();
    const lease = await visitOf('a').take();
    registry.setUnsaved(sessionOf('a'), { guest: guestAt(clock.now()), owner: 'me' });
    expect(await visitOf('a').renew(lease)).toBeDefined();
  });

  it('drops the sessions written longest ago above its limit, and never stops taking new ones', async () => {
    const { clock, registry, visitOf } = start(2);
    const put = (hash: string, guestId = 'guest-1') =>
      registry.setUnsaved(sessionOf(hash), { guest: guestAt(clock.now(), { guestId }), owner: 'me' });
    put('a');
    put('b');
    put('a', 'guest-2');
    put('c');
    expect(await visitOf('b').find()).toBeUndefined();
    expect(registry.unsaved(sessionOf('b'))).toBeUndefined();
    expect(await visitOf('a').found()).toMatchObject({ guest: { guestId: 'guest-2' } });
    for (let session = 0; session < 20_000; session += 1) put(`session-${session}`);
    expect(registry.unsaved(sessionOf('session-19999'))).toBeDefined();
    expect(registry.unsaved(sessionOf('session-19998'))).toBeDefined();
    expect(registry.unsaved(sessionOf('session-19997'))).toBeUndefined();
  });

  // Not yet: the memory keeps it until the entry is dropped.
  it('forgets a refusal when a session keeps its guest no longer', async () => {
    const { clock, visitOf } = start();
    const visit = visitOf('a');
    await visit.refuse(await visit.take());
    expect(await visit.found()).toMatchObject({ consent: refused });
    await clock.advance(guestTtlSeconds * 1000);
    expect(await visit.find()).toBeUndefined();
  });
});
