import { describe, expect, it } from '@jest/globals';
import type { Deadline } from '../../lambda/guest/ports.ts';
import { createFlight } from '../../lambda/time/flight.ts';
import { createTestClock, deadlineIn } from '../support/clock.ts';

/** A flight that lasts `ms` on a test's clock. */
const flightOf = (ms: number) => {
  const clock = createTestClock();
  const runs: Deadline[] = [];
  const fly = createFlight(async (deadline) => {
    runs.push(deadline);
    await clock.sleep(ms, deadline.signal);
    return runs.length;
  });
  return { clock, runs, fly };
};

describe('a flight', () => {
  it('carries everybody who comes while it lasts, and starts anew for who comes later', async () => {
    const { clock, runs, fly } = flightOf(100);
    const early = [fly(deadlineIn(clock)), fly(deadlineIn(clock))];
    await clock.advance(50);
    const joining = fly(deadlineIn(clock));
    await clock.advance(50);
    expect(await Promise.all([...early, joining])).toEqual([1, 1, 1]);

    const later = fly(deadlineIn(clock));
    await clock.advance(100);
    expect(await later).toBe(2);
    expect(runs).toHaveLength(2);
  });

  it('lets an impatient caller go without ending for the others', async () => {
    const { clock, runs, fly } = flightOf(1000);
    const impatient = fly(deadlineIn(clock, 200));
    const patient = fly(deadlineIn(clock, 5000));
    const left = expect(impatient).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(runs[0]?.remainingMs()).toBe(5000);
    await clock.advance(1000);
    await left;
    expect(await patient).toBe(1);
  });

  it('ends when everybody has gone, so that nothing runs for nobody', async () => {
    const { clock, runs, fly } = flightOf(1000);
    const left = Promise.all(
      [fly(deadlineIn(clock, 200)), fly(deadlineIn(clock, 300))].map((caller) =>
        expect(caller).rejects.toMatchObject({ code: 'deadline_exceeded' }),
      ),
    );
    await clock.advance(299);
    expect(runs[0]?.signal.aborted).toBe(false);
    await clock.advance(1);
    await left;
    expect(runs[0]?.signal.aborted).toBe(true);
  });

  it('keeps its last caller until it has done what it owes to others', async () => {
    const clock = createTestClock();
    let done = false;
    const fly = createFlight(async (deadline) => {
      try {
        await clock.sleep(1000, deadline.signal);
      } finally {
        await clock.sleep(100);
        done = true;
      }
    });
    const left = fly(deadlineIn(clock, 200)).catch(() => done);
    await clock.advance(300);
    expect(await left).toBe(true);
  });

  it('does not start for a caller whose time is over', async () => {
    const { clock, runs, fly } = flightOf(10);
    const over = deadlineIn(clock, 5);
    await clock.advance(5);
    await expect(fly(over)).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(runs).toHaveLength(0);
  });

  it('gives its failure to everybody and keeps it for nobody', async () => {
    const clock = createTestClock();
    let runs = 0;
    const fly = createFlight(async () => {
      runs += 1;
      await clock.sleep(10);
      if (runs === 1) throw new Error('once');
      return runs;
    });
    const failing = [fly(deadlineIn(clock)), fly(deadlineIn(clock))].map((caller) =>
      expect(caller).rejects.toThrow('once'),
    );
    await clock.advance(10);
    await Promise.all(failing);
    const again = fly(deadlineIn(clock));
    await clock.advance(10);
    expect(await again).toBe(2);
  });
});
