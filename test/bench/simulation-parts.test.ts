import { describe, expect, it } from '@jest/globals';
import { createChance } from '../../bench/simulation/chance.ts';
import { createFleet } from '../../bench/simulation/fleet.ts';
import { itemBytes, readUnits, registryItemBytes, writeUnits } from '../../bench/simulation/table-units.ts';
import { quantile } from '../../bench/simulation/tables.ts';
import { createVirtualClock } from '../../bench/simulation/virtual-clock.ts';

const never = () => false;

describe('the virtual clock', () => {
  it('lets things happen in the order of their time, equals as they were started', async () => {
    const clock = createVirtualClock(0);
    const happened: string[] = [];
    for (const [ms, what] of [
      [20, 'c'],
      [10, 'a'],
      [10, 'b'],
    ] as const) {
      clock.after(ms, () => happened.push(`${what} at ${clock.now()}`));
    }
    await clock.run(never);
    expect(happened).toEqual(['a at 10', 'b at 10', 'c at 20']);
  });

  it('stands still until a promise chain of any length has run', async () => {
    const clock = createVirtualClock(0);
    let reachedAtMs: number | undefined;
    clock.after(1, async () => {
      for (let links = 0; links < 1000; links += 1) await Promise.resolve();
      reachedAtMs = clock.now();
    });
    clock.after(2, () => undefined);
    await clock.run(never);
    expect(reachedAtMs).toBe(1);
  });

  it('ends a sleep and a timeout with their signals, and leaves cleared timers out', async () => {
    const clock = createVirtualClock(0);
    const { signal } = clock.timeout(50);
    const cleared = clock.timeout(10, signal);
    cleared.clear();
    const ended: string[] = [];
    void clock
      .sleep(100, signal)
      .catch((reason: DOMException) => ended.push(`${reason.name} at ${clock.now()}`));
    await clock.run(never);
    expect(ended).toEqual(['TimeoutError at 50']);
    expect(cleared.signal.aborted).toBe(false);
  });

  it('stops when it is told to', async () => {
    const clock = createVirtualClock(0);
    clock.after(10, () => undefined);
    clock.after(20, () => undefined);
    await clock.run(() => clock.now() >= 10);
    expect(clock.now()).toBe(10);
  });
});

describe('the fleet', () => {
  const world = (concurrency: number) => {
    const clock = createVirtualClock(0);
    let started = 0;
    const fleet = createFleet({
      clock,
      concurrency,
      coldStartMs: () => 100,
      idleMs: 1000,
      start: () => {
        started += 1;
        return started;
      },
    });
    const served: (number | 'throttled')[] = [];
    const invokeAt = (ms: number) =>
      clock.after(ms, async () => {
        const container = await fleet.invoke(async (number) => {
          await clock.sleep(50);
          return number;
        });
        served.push(container);
      });
    return { clock, fleet, served, invokeAt };
  };

  it('starts a container where none is free, uses a warm one again, and lets idle ones go', async () => {
    const { clock, fleet, served, invokeAt } = world(10);
    for (const ms of [0, 10, 500, 1400, 5000]) invokeAt(ms);
    await clock.run(never);
    expect(served).toEqual([1, 2, 2, 2, 3]);
    expect(fleet.counts).toMatchObject({ started: 3, invocations: 5, peak: 2, billedMs: 3 * 150 + 2 * 50 });
  });

  it('refuses what is beyond its concurrency', async () => {
    const { clock, fleet, served, invokeAt } = world(1);
    for (const ms of [0, 10]) invokeAt(ms);
    await clock.run(never);
    expect(served).toEqual(['throttled', 1]);
    expect(fleet.counts.throttled).toBe(1);
  });
});

describe('units of a table', () => {
  it('are rounded up from the size of names and values', () => {
    expect(itemBytes({ name: { S: 'Zoë' }, count: { N: '1234' }, is: { BOOL: true } })).toBe(8 + 8 + 3);
    expect(itemBytes({ m: { M: { a: { S: 'bc' } } } })).toBe(1 + 3 + 3 + 1);
    expect([1, 1024, 1025].map(writeUnits)).toEqual([1, 1, 2]);
    expect([0, 4096, 4097].map((bytes) => readUnits(bytes, true))).toEqual([1, 1, 2]);
    expect(readUnits(100, false)).toBe(0.5);
  });

  it('are one for whatever the registry can hold of a session', () => {
    expect(registryItemBytes).toBeGreaterThan(300);
    expect(writeUnits(registryItemBytes)).toBe(1);
  });
});

describe('chance', () => {
  it('is the same for the same seed, around its median', () => {
    const draws = (seed: number) => {
      const chance = createChance(seed);
      return Array.from({ length: 2001 }, () => chance.aroundMs(100));
    };
    expect(draws(3)).toEqual(draws(3));
    expect(draws(3)).not.toEqual(draws(4));
    const median = quantile(draws(3), 0.5) ?? 0;
    expect(median).toBeGreaterThan(95);
    expect(median).toBeLessThan(105);
  });
});
