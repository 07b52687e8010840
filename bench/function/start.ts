import type { Report } from '../table.ts';
import { type Measured, type Phases, runContainer } from './run-container.ts';
import { type Spread, spreadOf } from './statistics.ts';
import type { World } from './world.ts';

/**
 * Fresh processes of several bundles, one after the other in turns, so that a busy moment of the machine hits all
 * of them alike. The first round fills caches (files, the shared token) and does not count.
 */
export const runInTurns = async <Name extends string>(
  files: Readonly<Record<Name, string>>,
  world: World,
  rounds: number,
  phases: Phases | undefined,
  report: Report,
  env: Readonly<Record<string, string>> = world.env(),
): Promise<Record<Name, readonly Measured[]>> => {
  const entries = Object.entries(files) as [Name, string][];
  const measured = Object.fromEntries(entries.map(([name]) => [name, []])) as unknown as Record<
    Name,
    Measured[]
  >;
  for (let round = 0; round <= rounds; round += 1) {
    report(`round ${round} of ${rounds}, ${entries.length} processes each`);
    // Each round begins with another one: nobody always runs after the same neighbour.
    const turn = round % entries.length;
    for (const [name, file] of [...entries.slice(turn), ...entries.slice(0, turn)]) {
      const result = await runContainer(file, env, phases);
      if (round > 0) measured[name].push(result);
    }
  }
  return measured;
};

/** Spreads of one figure, by variant. */
export const spreads = <Name extends string>(
  measured: Readonly<Record<Name, readonly Measured[]>>,
  figure: (one: Measured) => number,
): Record<Name, Spread> =>
  Object.fromEntries(
    (Object.entries(measured) as [Name, readonly Measured[]][]).map(([name, all]) => [
      name,
      spreadOf(all.map(figure)),
    ]),
  ) as Record<Name, Spread>;
