import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Plan } from './plan.ts';
import type { SmallFailure } from './shrink.ts';

const folder = new URL('regressions/', import.meta.url);

/** A failure that was found once, small enough to read; it must never come back. */
export interface Regression {
  readonly promise: string;
  readonly what: string;
  readonly plan: Plan;
  readonly story: readonly string[];
}

export const readRegressions = (): readonly (Regression & { readonly file: string })[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({ file, ...(JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Regression) }));

/** Writes a failure as a file that can be committed. @returns its path */
export const writeRegression = (name: string, { violation, plan, trace }: SmallFailure): string => {
  const regression: Regression = { promise: violation.promise, what: violation.text, plan, story: trace };
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(regression, null, 2)}\n`);
  return `test/storm/regressions/${name}.json`;
};
