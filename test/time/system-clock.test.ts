import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../../lambda/guest/ports.ts';
import { systemClock } from '../../lambda/time/system-clock.ts';
import { createTestClock } from '../support/clock.ts';

/** Both clocks keep the same promises; only who turns them differs. */
const clocks: readonly {
  name: string;
  start: () => { clock: Clock; pass: (ms: number) => Promise<void> };
}[] = [
  {
    name: 'the system clock',
    start: () => ({
      clock: systemClock,
      pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms + 15)),
    }),
  },
  {
    name: 'the test clock',
    start: () => {
      const clock = createTestClock();
      return { clock, pass: clock.advance };
    },
  },
];

describe.each(clocks)('$name', ({ start }) => {
  it('wakes a sleeper when the time has passed, not before', async () => {
    const { clock, pass } = start();
    const startedMs = clock.now();
    let wokeMs = 0;
    const sleeping = clock.sleep(40).then(() => {
      wokeMs = clock.now();
    });
    await pass(10);
    expect(wokeMs).toBe(0);
    await pass(40);
    await sleeping;
    // Timers of Node count whole milliseconds and may be early by a fraction of one.
    expect(wokeMs - startedMs).toBeGreaterThanOrEqual(39);
  });

  it('rejects a sleeper with the reason of the signal', async () => {
    const { clock } = start();
    const ending = new AbortController();
    const sleeping = clock.sleep(60_000, ending.signal);
    ending.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    await expect(clock.sleep(1, ending.signal)).rejects.toThrow('enough');
  });

  it('aborts a timeout with a TimeoutError', async () => {
    const { clock, pass } = start();
    const { signal } = clock.timeout(20);
    expect(signal.aborted).toBe(false);
    await pass(20);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  it('aborts a timeout with its parent, also with one that has ended already', () => {
    const { clock } = start();
    const parent = new AbortController();
    const { signal } = clock.timeout(60_000, parent.signal);
    parent.abort(new Error('enough'));
    expect(signal.reason).toMatchObject({ message: 'enough' });
    expect(clock.timeout(60_000, parent.signal).signal.reason).toMatchObject({ message: 'enough' });
  });

  it('never aborts a timeout that was cleared', async () => {
    const { clock, pass } = start();
    const parent = new AbortController();
    const { signal, clear } = clock.timeout(20, parent.signal);
    clear();
    await pass(30);
    parent.abort();
    expect(signal.aborted).toBe(false);
  });
});

describe('the test clock', () => {
  it('fires timers in the order of their time and leaves none behind', async () => {
    const clock = createTestClock();
    const order: string[] = [];
    const wait = async (name: string, ms: number) => {
      await clock.sleep(ms);
      order.push(`${name} ${clock.now()}`);
    };
    const startedMs = clock.now();
    void wait('late', 30);
    void wait('early', 10).then(() => wait('again', 10));
    await clock.advance(30);
    expect(order).toEqual([`early ${startedMs + 10}`, `again ${startedMs + 20}`, `late ${startedMs + 30}`]);
    expect(clock.pendingTimers).toBe(0);
  });
});
