import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { budgetMs, startDeadline, withGrace } from '../../lambda/guest/deadline.ts';
import type { Deadline } from '../../lambda/guest/ports.ts';
import { createTestClock } from '../support/clock.ts';

describe('A deadline', () => {
  it('shrinks as time passes, is never negative, and then aborts', async () => {
    const clock = createTestClock();
    const deadline = startDeadline(clock, 1000);
    await clock.advance(999);
    expect([deadline.remainingMs(), deadline.signal.aborted]).toEqual([1, false]);
    await clock.advance(1);
    expect([deadline.remainingMs(), deadline.signal.aborted]).toEqual([0, true]);
    await clock.advance(1);
    expect(deadline.remainingMs()).toBe(0);
  });

  it('ends with its parent, and leaves no timer behind', () => {
    const clock = createTestClock();
    const parent = new AbortController();
    const deadline = startDeadline(clock, 1000, parent.signal);
    parent.abort(new Error('the parent ended'));
    expect(deadline.signal.reason).toEqual(new Error('the parent ended'));
    expect(clock.pendingTimers).toBe(0);
    startDeadline(clock, 1000).clear();
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('The budget of a request', () => {
  it('is the longest one, or what the invocation has left less half a second, and never negative', () => {
    fc.assert(
      fc.property(fc.nat(20_000), fc.nat(20_000), (longestMs, leftMs) => {
        expect(budgetMs(longestMs)).toBe(longestMs);
        expect(budgetMs(longestMs, leftMs)).toBe(
          leftMs < 500 ? 0 : leftMs < longestMs + 500 ? leftMs - 500 : longestMs,
        );
      }),
    );
  });
});

describe('What a request owes to others', () => {
  it.each([
    ['is given a time of its own where the budget is over', 1000, 200],
    ['is given a time of its own where less is left', 900, 200],
    ['may take all that is left where that is more', 700, 300],
  ])('%s', async (_, passedMs, givenMs) => {
    const clock = createTestClock();
    const deadline = startDeadline(clock, 1000);
    await clock.advance(passedMs);
    const given: [number, boolean][] = [];
    const look = async ({ remainingMs, signal }: Deadline) => {
      given.push([remainingMs(), signal.aborted]);
      return 'done';
    };
    expect(await withGrace(clock, deadline, 200, look)).toBe('done');
    expect(given).toEqual([[givenMs, false]]);
  });

  it('leaves no timer behind, also where it fails', async () => {
    const clock = createTestClock();
    const deadline = startDeadline(clock, 1000);
    const before = clock.pendingTimers;
    const failing = withGrace(clock, deadline, 200, async () => {
      throw new Error('it failed');
    });
    await expect(failing).rejects.toThrow('it failed');
    expect(clock.pendingTimers).toBe(before);
  });
});
