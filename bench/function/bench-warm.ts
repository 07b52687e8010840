import { type BenchResult, number, type Report } from '../table.ts';
import { runInTurns, spreads } from './start.ts';
import type { Spread } from './statistics.ts';
import { buildVariants, variantTitles } from './variants.ts';
import { startWorld } from './world.ts';

const settle = 200;
const names = ['floor', 'stock', 'express', 'ours'] as const;

/** CPU of a warm call, one at a time: a new session each, and one that is known. */
export const benchWarm = async (rounds: number, calls: number, report: Report): Promise<BenchResult> => {
  const variants = await buildVariants();
  const world = await startWorld();
  try {
    const { floor, stock, express, ours } = variants.files;
    const phases = { settle, fresh: calls, repeated: calls };
    const rows: string[][] = [];
    const figures: Record<string, unknown> = {};
    for (const provider of ['webchat-v1', 'web-messaging'] as const) {
      const files = provider === 'webchat-v1' ? { floor, stock, express, ours } : { floor, ours };
      const measured = await runInTurns(
        files as Record<(typeof names)[number], string>,
        world,
        rounds,
        phases,
        report,
        world.env(provider),
      );
      const fresh = spreads(measured, ({ fresh: served }) => served?.cpuMs ?? Number.NaN);
      const repeated = spreads(measured, ({ repeated: served }) => served?.cpuMs ?? Number.NaN);
      const peak = spreads(measured, ({ warmPeakMb }) => warmPeakMb);
      const over = (all: Record<string, Spread>, name: string): string =>
        `${number(all[name]?.median ?? 0)} (${((all[name]?.median ?? 0) / (all['floor']?.median ?? 1)).toFixed(2)}×)`;
      figures[provider] = { fresh, repeated, peak };
      for (const name of Object.keys(files) as (keyof typeof files)[]) {
        rows.push([
          `${provider}, ${variantTitles[name]}`,
          over(fresh, name),
          over(repeated, name),
          number(peak[name].median),
        ]);
      }
    }
    return {
      figures,
      tables: [
        {
          title: `Warm, one request at a time: CPU in ms (against the floor), medians of ${rounds} processes with ${calls} calls each`,
          rows: [['', 'new session', 'repeated session', 'peak memory, MB'], ...rows],
          note: 'stock and Express make three calls for each of these requests and remember no guest; the floor makes the same calls as this project.',
        },
      ],
    };
  } finally {
    await world.close();
    variants.remove();
  }
};
