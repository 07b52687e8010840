import { type BenchResult, number, type Report } from '../table.ts';
import { runContainer } from './run-container.ts';
import { buildVariants } from './variants.ts';
import { startWorld } from './world.ts';

const parts = 10;

/** Heap after garbage collection, while one container serves many new sessions. */
export const benchGrowth = async (requests: number, report: Report): Promise<BenchResult> => {
  const variants = await buildVariants();
  const world = await startWorld();
  try {
    report(`${requests} requests, one at a time; this takes minutes`);
    const growth = { parts, each: Math.ceil(requests / parts) };
    const { heapMb = [], warmPeakMb } = await runContainer(variants.files.ours, world.env(), { growth });
    return {
      figures: { heapMb, warmPeakMb, each: growth.each },
      tables: [
        {
          title: `Heap after garbage collection over ${(growth.each * parts).toLocaleString('en')} warm requests, a new session each, MB`,
          rows: [
            ['requests', ...heapMb.map((_, index) => ((index + 1) * growth.each).toLocaleString('en'))],
            ['heap', ...heapMb.map((value) => number(value))],
          ],
          note: `Peak of the whole process: ${number(warmPeakMb)} MB.`,
        },
      ],
    };
  } finally {
    await world.close();
    variants.remove();
  }
};
