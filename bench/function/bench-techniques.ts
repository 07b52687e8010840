import { type BenchResult, number, type Report } from '../table.ts';
import { measureTechniques } from './techniques.ts';

/** A table of what the bundle would cost more without each technique. */
export const benchTechniques = async (rounds: number, report: Report): Promise<BenchResult> => {
  const savings = await measureTechniques(rounds, report);
  return {
    figures: savings,
    tables: [
      {
        title: `What the bundle of init costs more without each technique: medians of ${rounds} fresh processes each`,
        rows: [
          [
            'technique',
            'CPU of import + first call, ms',
            'time of both, ms',
            'peak memory, MB',
            'min, kB',
            'gzip, kB',
            'why it is safe',
          ],
          ...savings.map(({ name, why, cpuMs, bothMs, peakMb, kB, gzipKB }) => [
            name,
            ...[cpuMs, bothMs, peakMb, kB, gzipKB].map((value) => `+${number(value)}`.replace('+-', '−')),
            why,
          ]),
        ],
        note: 'Each is left out on its own, so that what two of them save together counts for both or for neither.',
      },
    ],
  };
};
