import type { BenchResult, Report } from '../table.ts';
import { number } from '../table.ts';
import { barChart } from './bar-chart.ts';
import type { Measured } from './run-container.ts';
import { runInTurns, spreads } from './start.ts';
import type { Spread } from './statistics.ts';
import { buildVariants, sizeOf, type VariantName, variantNames, variantTitles } from './variants.ts';
import { startWorld } from './world.ts';

const figures = {
  importMs: 'import, ms',
  firstMs: 'first call, ms',
  bothMs: 'import + first call, ms',
  cpuMs: 'CPU of both, ms',
  peakMb: 'peak memory, MB',
} as const satisfies Partial<Record<keyof Measured, string>>;
type Figure = keyof typeof figures;

export type StartSpreads = Record<Figure, Record<VariantName, Spread>>;

/** Cold starts of all variants in turns. */
export const measureStart = async (
  rounds: number,
  report: Report,
): Promise<{ spreads: StartSpreads; sizes: Record<VariantName, ReturnType<typeof sizeOf>> }> => {
  const variants = await buildVariants();
  const world = await startWorld();
  try {
    const measured = await runInTurns(variants.files, world, rounds, undefined, report);
    const entries = Object.keys(figures).map((figure) => [
      figure,
      spreads(measured, (one) => one[figure as Figure]),
    ]);
    const sizes = variantNames.map((name) => [name, sizeOf(variants.files[name])]);
    return { spreads: Object.fromEntries(entries), sizes: Object.fromEntries(sizes) };
  } finally {
    await world.close();
    variants.remove();
  }
};

const cell = ({ median, low, high }: Spread): string => `${number(median)} (${number(low)}–${number(high)})`;
const ratio = (ours: Spread, theirs: Spread): string => `${(ours.median / theirs.median).toFixed(2)}×`;

/** Import, first call, both, CPU, memory and size, beside every baseline. */
export const benchStart = async (rounds: number, report: Report): Promise<BenchResult> => {
  const { spreads: all, sizes } = await measureStart(rounds, report);
  const kB = (value: number): string => (value < 1 ? '' : number(value));
  return {
    figures: { spreads: all, sizes },
    tables: [
      {
        title: `Cold start: medians and quartiles of ${rounds} fresh processes each, in turns`,
        rows: [
          ['', ...Object.values(figures), 'min, kB', 'gzip, kB'],
          ...variantNames.map((name) => [
            variantTitles[name],
            ...(Object.keys(figures) as Figure[]).map((figure) => cell(all[figure][name])),
            name === 'unbundled' ? '' : kB(sizes[name].kB),
            name === 'unbundled' ? '' : kB(sizes[name].gzipKB),
          ]),
        ],
      },
      {
        title: 'This project in relation to each baseline',
        rows: [
          ['', 'import + first call', 'CPU of both', 'peak memory above an empty process'],
          ...(['floor', 'stock', 'express', 'unbundled'] as const).map((name) => [
            variantTitles[name],
            ratio(all.bothMs.ours, all.bothMs[name]),
            ratio(all.cpuMs.ours, all.cpuMs[name]),
            `+${number(all.peakMb.ours.median - all.peakMb.empty.median)} MB against +${number(all.peakMb[name].median - all.peakMb.empty.median)} MB`,
          ]),
        ],
      },
    ],
    pictures: {
      'performance-start.svg': barChart(
        'CPU of import and first call, in milliseconds',
        (['floor', 'ours', 'stock', 'express', 'unbundled'] as const).map((name) => ({
          label: variantTitles[name],
          value: all.cpuMs[name].median,
          ours: name === 'ours',
        })),
      ),
    },
  };
};
