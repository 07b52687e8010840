import { describe, expect, it } from '@jest/globals';
import { measureStart } from '../../bench/function/bench-start.ts';

describe('A cold start, beside baselines of the same run', () => {
  // Ratios of CPU time with at least a third of head-room: they hold on a machine that is busy with other things.
  it('costs less than two thirds of the tutorial, and less than three times the floor', async () => {
    const { spreads } = await measureStart(5, () => undefined);
    const { ours, express, unbundled, floor } = spreads.cpuMs;
    expect(ours.median / express.median).toBeLessThan(0.65);
    expect(ours.median / unbundled.median).toBeLessThan(0.55);
    expect(ours.median / floor.median).toBeLessThan(2.9);
    const { ours: memory, express: theirs, empty } = spreads.peakMb;
    expect((memory.median - empty.median) / (theirs.median - empty.median)).toBeLessThan(0.65);
  }, 300_000);
});
