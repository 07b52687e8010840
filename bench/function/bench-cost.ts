import type { BenchResult, Report } from '../table.ts';
import { measureOwnTime } from './bench-own-time.ts';
import { costTables } from './cost.ts';
import { runContainer } from './run-container.ts';
import { buildVariants } from './variants.ts';
import { type Provider, startWorld } from './world.ts';

const logged = 100;

/** Bytes that a request writes to the log at INFO, metrics included. */
const measureLogBytes = async (provider: Provider): Promise<number> => {
  const variants = await buildVariants();
  const world = await startWorld();
  const bytesOf = async (fresh: number): Promise<number> => {
    let bytes = 0;
    await runContainer(variants.files.ours, world.env(provider), { fresh }, [], (length) => {
      bytes += length;
    });
    return bytes;
  };
  try {
    return ((await bytesOf(1 + logged)) - (await bytesOf(1))) / logged;
  } finally {
    await world.close();
    variants.remove();
  }
};

/** What a million sessions cost, with the own times and log bytes of this machine. */
export const benchCost = async (count: number, report: Report): Promise<BenchResult> => {
  const own = await measureOwnTime(count, report);
  const inputOf = async (provider: Provider) => {
    const ownOf = (kind: string): number =>
      own.find(({ title }) => title === `${provider}, ${kind}`)?.own.median ?? Number.NaN;
    report(`log bytes: ${provider}`);
    return { ownMs: [ownOf('new'), ownOf('repeated')] as const, logBytes: await measureLogBytes(provider) };
  };
  return costTables({
    'webchat-v1': await inputOf('webchat-v1'),
    'web-messaging': await inputOf('web-messaging'),
  });
};
