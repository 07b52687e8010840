import { describe, expect, it } from '@jest/globals';
import { redCells, runMatrix } from './matrix.ts';
import { nameOf, type Row, rows } from './observation.ts';

/** What a fault in front of a busy Genesys shows as well in a second as in four. */
const budgets = { initMs: 3000, resolveMs: 2500, genesysMs: 1200 };

/** Takes much time: it is in the whole matrix only. */
const isSlow = ({ subject, fault }: Row): boolean =>
  fault.startsWith('status-429') || fault === 'date-skew' || (subject === 'drain' && fault === 'oauth-limit');

/**
 * A diagonal: each dependency of each function once, each time with another fault, so that most faults have their
 * turn. The whole matrix is `npm run matrix`.
 */
const diagonal = (): readonly Row[] => {
  const groups = Map.groupBy(
    rows().filter((row) => !isSlow(row)),
    ({ subject, dependency }) => `${subject}/${dependency}`,
  );
  const seen = new Set<string>();
  return [...groups.values()].flatMap((group) => {
    const row = group.find(({ fault }) => !seen.has(fault)) ?? group[0];
    if (row !== undefined) seen.add(row.fault);
    return row === undefined ? [] : [row];
  });
};

describe('A diagonal of the fault matrix', () => {
  it('meets each dependency of each function, and has no red cell', async () => {
    const chosen = diagonal();
    const pairs = new Set(rows().map(({ subject, dependency }) => `${subject}/${dependency}`));
    expect(chosen).toHaveLength(pairs.size);
    const results = await runMatrix({ rows: chosen, lanes: 6, budgets });
    expect(results.map(({ row }) => nameOf(row))).toEqual(chosen.map(nameOf));
    expect(redCells(results)).toEqual([]);
  }, 120_000);
});
