import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundle, functions } from '../../infra/build/bundle.ts';
import { techniques } from '../../infra/build/techniques.ts';
import type { Report } from '../table.ts';
import { runInTurns, spreads } from './start.ts';
import { sizeOf } from './variants.ts';
import { startWorld } from './world.ts';

/** What one technique of the bundler saves: the bundle without it, less the bundle with all. */
export interface TechniqueSaving {
  readonly name: string;
  readonly why: string;
  readonly kB: number;
  readonly gzipKB: number;
  /** CPU of import and first call. */
  readonly cpuMs: number;
  readonly bothMs: number;
  readonly peakMb: number;
}

/** Leaves out each technique in turn, and all of them at last. */
export const measureTechniques = async (
  rounds: number,
  report: Report,
): Promise<readonly TechniqueSaving[]> => {
  const folder = fileURLToPath(new URL(`../../dist/bench-techniques-${process.pid}`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  const names = techniques.map(({ name }) => name);
  const variants = [
    { name: 'all', without: [], why: '' },
    ...techniques.map(({ name, why }) => ({ name, without: [name], why })),
    { name: 'all of them', without: names, why: '' },
  ];
  const files: Record<string, string> = {};
  const world = await startWorld();
  try {
    for (const { name, without } of variants) {
      files[name] = `${folder}/${name.replaceAll(' ', '-')}.mjs`;
      await bundle(functions.init, files[name], { without });
    }
    const measured = await runInTurns(files, world, rounds, undefined, report);
    const cpu = spreads(measured, ({ cpuMs }) => cpuMs);
    const both = spreads(measured, ({ bothMs }) => bothMs);
    const peak = spreads(measured, ({ peakMb }) => peakMb);
    const beyond = (all: Record<string, { readonly median: number }>, name: string): number =>
      (all[name]?.median ?? Number.NaN) - (all['all']?.median ?? Number.NaN);
    return variants.slice(1).map(({ name, why }) => {
      const [with_, without] = [sizeOf(files['all'] ?? ''), sizeOf(files[name] ?? '')];
      return {
        name,
        why,
        kB: without.kB - with_.kB,
        gzipKB: without.gzipKB - with_.gzipKB,
        cpuMs: beyond(cpu, name),
        bothMs: beyond(both, name),
        peakMb: beyond(peak, name),
      };
    });
  } finally {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  }
};
