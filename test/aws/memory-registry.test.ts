import { describe, expect, it } from '@jest/globals';
import { createMemoryRegistry } from '../../lambda/aws/memory-registry.ts';
import { createTestClock, deadlineIn } from '../support/clock.ts';
import { describeRegistry, guestAt, guestTtlSeconds, leaseMs } from '../support/registry-contract.ts';

describeRegistry('the memory of a container', async (options) => createMemoryRegistry(options));

describe('the memory of a container', () => {
  const start = (maxEntries?: number) => {
    const clock = createTestClock();
    const options = { clock, leaseMs, guestTtlSeconds };
    const registry = createMemoryRegistry(maxEntries === undefined ? options : { ...options, maxEntries });
    return { clock, registry, deadline: deadlineIn(clock) };
  };

  it('keeps a guest that was registered elsewhere', async () => {
    const { clock, registry, deadline } = start();
    const guest = guestAt(clock.now());
    registry.remember('a', guest);
    expect(await registry.find(['a'], deadline)).toMatchObject({ guest });
    expect(await registry.claim('a', undefined, deadline)).toBeUndefined();
  });

  it('leaves a lease to its holder when a guest is remembered meanwhile', async () => {
    const { clock, registry, deadline } = start();
    const claim = await registry.claim('a', undefined, deadline);
    registry.remember('a', guestAt(clock.now()));
    expect(claim && (await registry.renew(claim, deadline))).toBeDefined();
  });

  it('drops the sessions written longest ago above its limit', async () => {
    const { clock, registry, deadline } = start(2);
    registry.remember('a', guestAt(clock.now()));
    registry.remember('b', guestAt(clock.now()));
    registry.remember('a', guestAt(clock.now(), { guestId: 'guest-2' }));
    registry.remember('c', guestAt(clock.now()));
    expect(await registry.find(['b'], deadline)).toBeUndefined();
    expect(await registry.find(['a'], deadline)).toMatchObject({ guest: { guestId: 'guest-2' } });
    expect(await registry.find(['c'], deadline)).toBeDefined();
  });
});
