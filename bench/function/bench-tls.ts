import { type BenchResult, number, type Report } from '../table.ts';
import { runContainer } from './run-container.ts';
import { spreadOf } from './statistics.ts';
import { startTlsFront } from './tls-front.ts';
import { buildVariants, variantTitles } from './variants.ts';
import { startWorld } from './world.ts';

const warmCalls = 50;

/** Cold and warm over TLS: what handshakes cost, and that warm requests make none. */
export const benchTls = async (rounds: number, report: Report): Promise<BenchResult> => {
  const variants = await buildVariants();
  const world = await startWorld();
  const front = await startTlsFront(world.env());
  const env = front.secure(world.env());
  const names = ['floor', 'stock', 'express', 'ours'] as const;
  const measured = names.map((name) => ({
    name,
    bothMs: [] as number[],
    cpuMs: [] as number[],
    warmCpuMs: [] as number[],
    first: [] as number[],
    later: [] as number[],
  }));
  const handshakes = (): number => front.handshakes.full + front.handshakes.resumed;
  try {
    for (let round = 0; round <= rounds; round += 1) {
      report(`round ${round} of ${rounds}`);
      for (const one of measured) {
        const file = variants.files[one.name];
        const before = handshakes();
        const cold = await runContainer(file, env);
        const first = handshakes() - before;
        const warm = await runContainer(file, env, { fresh: warmCalls });
        if (round === 0) continue;
        one.bothMs.push(cold.bothMs);
        one.cpuMs.push(cold.cpuMs);
        one.warmCpuMs.push(warm.fresh?.cpuMs ?? Number.NaN);
        one.first.push(first);
        one.later.push(handshakes() - before - 2 * first);
      }
    }
    const median = (values: readonly number[]): string => number(spreadOf(values).median);
    return {
      figures: measured,
      tables: [
        {
          title: `Over TLS (a certificate made for the run): medians of ${rounds} fresh processes each`,
          rows: [
            [
              '',
              'import + first call, ms',
              'CPU of both, ms',
              'handshakes of the first request',
              `of the ${warmCalls} after it`,
              'CPU of each of those, ms',
            ],
            ...measured.map(({ name, bothMs, cpuMs, first, later, warmCpuMs }) => [
              variantTitles[name],
              median(bothMs),
              median(cpuMs),
              String(spreadOf(first).median),
              String(spreadOf(later).median),
              median(warmCpuMs),
            ]),
          ],
          note: 'A connection for the guest token and one for the registry may open beside the first ones, since those two calls go out together.',
        },
      ],
    };
  } finally {
    await front.close();
    await world.close();
    variants.remove();
  }
};
