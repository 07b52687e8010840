import { describe, expect, it } from '@jest/globals';
import type { Clock } from '../../lambda/guest/ports.ts';
import { limitWaiting } from '../../lambda/time/waiting-limit.ts';
import { createTestClock } from '../support/clock.ts';

const never = new AbortController().signal;

describe('The limit of waiting', () => {
  it('ends a wait after its time', async () => {
    const clock = createTestClock();
    const { signal } = limitWaiting(clock, 500, never);
    await clock.advance(499);
    expect(signal.aborted).toBe(false);
    await clock.advance(1);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not count the time in which the process did not run', async () => {
    const clock = createTestClock();
    // Every timer is half a second late, as on a processor that others keep busy.
    let lateMs = 0;
    const starved: Clock = {
      ...clock,
      now: () => clock.now() + lateMs,
      timeout: (ms, parent) => {
        const timer = clock.timeout(ms, parent);
        timer.signal.addEventListener('abort', () => {
          lateMs += 500;
        });
        return timer;
      },
    };
    const { signal } = limitWaiting(starved, 500, never);
    await clock.advance(240);
    expect(lateMs).toBeGreaterThan(3000);
    expect(signal.aborted).toBe(false);
    await clock.advance(260);
    expect(signal.aborted).toBe(true);
  });

  it('ends at once with its parent, for its reason', async () => {
    const clock = createTestClock();
    const parent = new AbortController();
    const { signal } = limitWaiting(clock, 500, parent.signal);
    parent.abort('over');
    expect([signal.aborted, signal.reason]).toEqual([true, 'over']);
    expect(clock.pendingTimers).toBe(0);
    expect(limitWaiting(clock, 500, parent.signal).signal.aborted).toBe(true);
  });

  it('leaves no timer behind when it is cleared', async () => {
    const clock = createTestClock();
    const { signal, clear } = limitWaiting(clock, 500, never);
    await clock.advance(50);
    clear();
    await clock.advance(1000);
    expect([signal.aborted, clock.pendingTimers]).toEqual([false, 0]);
  });
});
