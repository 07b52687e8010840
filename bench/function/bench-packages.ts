import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { bundle, functions } from '../../infra/build/bundle.ts';
import { type BenchResult, number, type Report } from '../table.ts';
import { runInTurns, spreads } from './start.ts';
import { buildVariants, sizeOf, variantTitles } from './variants.ts';
import { startWorld } from './world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What could be given up: the modules, what stands in for them, and the techniques that find nothing to do then. */
const packages = {
  axios: {
    modules: /^axios$/,
    bare: 'bare-axios.ts',
    techniques: ['no-undici', 'no-http2', 'no-zlib', 'axios-reduced'],
  },
  'the AWS SDK': {
    modules: /^@aws-sdk\/client-(dynamodb|secrets-manager|sqs)$/,
    bare: 'bare-aws.ts',
    techniques: [
      'environment-credentials',
      'no-ini-files',
      'no-file-bodies',
      'sdk-reduced',
      'sdk-schemas-shaken',
      'native-hashes',
      'sdk-version-only',
    ],
  },
  Powertools: {
    modules: /^@aws-lambda-powertools\/(logger|metrics)$/,
    bare: 'bare-powertools.ts',
    techniques: [],
  },
} as const;
type Name = keyof typeof packages;
const names = Object.keys(packages) as Name[];

/** Resolves these packages to the least that this service needs of them. */
const bareInstead = (given: readonly Name[]): Plugin => ({
  name: 'bare-instead',
  setup({ onResolve }) {
    for (const name of given) {
      const { modules, bare } = packages[name];
      onResolve({ filter: modules }, () => ({ path: `${root}bench/baselines/${bare}`, sideEffects: false }));
    }
  },
});

/** What a start and a warm request would cost without each package, and without all of them. */
export const benchPackages = async (rounds: number, calls: number, report: Report): Promise<BenchResult> => {
  const folder = fileURLToPath(new URL(`../../dist/bench-packages-${process.pid}`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  const whole = await buildVariants();
  const variants: Readonly<Record<string, readonly Name[]>> = {
    ...Object.fromEntries(names.map((name) => [`without ${name}`, [name]])),
    'without all three': names,
  };
  const files: Record<string, string> = {
    [variantTitles.floor]: whole.files.floor,
    [variantTitles.ours]: whole.files.ours,
  };
  const world = await startWorld();
  try {
    for (const [title, given] of Object.entries(variants)) {
      files[title] = `${folder}/${title.replaceAll(' ', '-')}.mjs`;
      await bundle(functions.init, files[title], {
        without: given.flatMap((name) => packages[name].techniques),
        plugins: [bareInstead(given)],
      });
    }
    const cold = await runInTurns(files, world, rounds, undefined, report);
    const warm = await runInTurns(files, world, Math.ceil(rounds / 4), { settle: 200, fresh: calls }, report);
    const cpu = spreads(cold, ({ cpuMs }) => cpuMs);
    const both = spreads(cold, ({ bothMs }) => bothMs);
    const peak = spreads(cold, ({ peakMb }) => peakMb);
    const fresh = spreads(warm, ({ fresh: served }) => served?.cpuMs ?? Number.NaN);
    return {
      figures: { cpu, both, peak, fresh },
      tables: [
        {
          title: `What giving up a package would buy, init: medians of ${rounds} fresh processes each`,
          rows: [
            [
              '',
              'CPU of import + first call, ms',
              'time of both, ms',
              'peak memory, MB',
              'CPU of a warm new session, ms',
              'min, kB',
              'gzip, kB',
            ],
            ...Object.entries(files).map(([title, file]) => {
              const { kB, gzipKB } = sizeOf(file);
              return [
                title,
                ...[cpu, both, peak, fresh].map((all) => number(all[title]?.median ?? Number.NaN)),
                number(kB),
                number(gzipKB),
              ];
            }),
          ],
          note: 'In their place stands the least that answers the same calls (`bare-*.ts` in `bench/baselines`): no repeats, limits, checks or aborts.',
        },
      ],
    };
  } finally {
    await world.close();
    whole.remove();
    rmSync(folder, { recursive: true, force: true });
  }
};
