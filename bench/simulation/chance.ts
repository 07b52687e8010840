import { randomExponential, randomLcg, randomLogNormal } from 'd3-random';
import { timeSpread } from './assumptions.ts';

/** All chance of a run: the same seed gives the same run. */
export interface Chance {
  readonly random: () => number;
  /** A time in whole milliseconds, around a median. */
  aroundMs(medianMs: number): number;
  /** A time in whole milliseconds until something that happens at random, on average after so long. */
  untilMs(meanMs: number): number;
}

export const createChance = (seed: number): Chance => {
  const random = randomLcg(seed);
  const factor = randomLogNormal.source(random)(0, timeSpread);
  const exponential = randomExponential.source(random)(1);
  return {
    random,
    aroundMs: (medianMs) => Math.max(1, Math.round(medianMs * factor())),
    untilMs: (meanMs) => Math.round(meanMs * exponential()),
  };
};
