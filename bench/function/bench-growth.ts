import { type BenchResult, number, type Report } from '../table.ts';
import { runContainer } from './run-container.ts';
import { buildVariants } from './variants.ts';
import { startWorld } from './world.ts';

const parts = 10;

/** Heap after garbage collection, while one container of each provider serves many new sessions. */
export const benchGrowth = async (requests: number, report: Report): Promise<BenchResult> => {
  const variants = await buildVariants();
  const world = await startWorld();
  try {
    const growth = { parts, each: Math.ceil(requests / parts) };
    const counts = Array.from({ length: parts }, (_, index) => (index + 1) * growth.each);
    const heaps: Record<string, readonly number[]> = {};
    const peaks: number[] = [];
    for (const provider of ['webchat-v1', 'web-messaging'] as const) {
      report(`${provider}: ${requests} requests, one at a time; this takes minutes`);
      const { heapMb = [], warmPeakMb } = await runContainer(variants.files.ours, world.env(provider), {
        growth,
      });
      heaps[provider] = heapMb;
      peaks.push(warmPeakMb);
    }
    return {
      figures: { heapMb: heaps, warmPeakMb: Math.max(...peaks), each: growth.each },
      tables: [
        {
          title: `Heap after garbage collection over ${(growth.each * parts).toLocaleString('en')} warm requests, a new session each, MB`,
          rows: [
            ['requests', ...counts.map((count) => count.toLocaleString('en'))],
            ...Object.entries(heaps).map(([provider, heapMb]) => [
              provider,
              ...heapMb.map((value) => number(value)),
            ]),
          ],
          note: `Peak of the whole process: ${number(Math.max(...peaks))} MB.`,
        },
      ],
    };
  } finally {
    await world.close();
    variants.remove();
  }
};
