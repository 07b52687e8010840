import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundle, functions } from '../../infra/build/bundle.ts';
import { type BenchResult, number, type Report } from '../table.ts';
import { packageOf } from './package-sizes.ts';
import { type Phases, runContainer } from './run-container.ts';
import { startWorld } from './world.ts';

/** The part of V8's CPU profile that is read. */
interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly children?: readonly number[];
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const warmCalls = 400;
/** Frames that are not ours and tell something all the same. */
const named: Readonly<Record<string, string>> = {
  '(program)': 'Node.js itself',
  '(garbage collector)': 'garbage collection',
  compileSourceTextModule: 'compiling the bundle',
};

/** The package of each line of a bundle that was not minified: esbuild says where a module begins. */
const packagesOfLines = (file: string): readonly string[] => {
  let current = 'top level of the modules';
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => {
      const [, module] = /^\s*\/\/ ((?:node_modules|lambda)\/\S+)$/.exec(line) ?? [];
      if (module !== undefined) current = packageOf(module);
      return current;
    });
};

/** Milliseconds by package: Node's own work counts for the package that asked for it. */
const attribute = (profile: Profile, file: string, lines: readonly string[]): Map<string, number> => {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])),
  );
  const ownerOf = (sample: number): string | undefined => {
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
      const frame = nodes.get(id)?.callFrame;
      if (frame === undefined || frame.functionName === '(idle)') return undefined;
      const special = named[frame.functionName];
      if (special !== undefined) return special;
      if (frame.url.endsWith(file)) return lines[frame.lineNumber];
    }
    return 'Node.js itself';
  };
  const owners = new Map(profile.nodes.map(({ id }) => [id, ownerOf(id)]));
  const sums = new Map<string, number>();
  for (const [index, sample] of profile.samples.entries()) {
    const owner = owners.get(sample);
    if (owner === undefined) continue;
    sums.set(owner, (sums.get(owner) ?? 0) + (profile.timeDeltas[index] ?? 0) / 1000);
  }
  return sums;
};

/** Where the CPU of a cold start and of warm requests goes, by package. */
export const benchProfile = async (rounds: number, report: Report): Promise<BenchResult> => {
  const folder = fileURLToPath(new URL(`../../dist/bench-profile-${process.pid}`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  const file = `${folder}/init.mjs`;
  await bundle(functions.init, file, { minify: false });
  const lines = packagesOfLines(file);
  const world = await startWorld();
  const run = async (count: number, phases: Phases, share: number): Promise<Map<string, number>> => {
    const sums = new Map<string, number>();
    for (let round = 0; round < count; round += 1) {
      report(`profile ${round + 1} of ${count}`);
      const saved = `${folder}/run.cpuprofile`;
      await runContainer(file, world.env(), phases, [
        '--cpu-prof',
        '--cpu-prof-interval=200',
        `--cpu-prof-dir=${folder}`,
        '--cpu-prof-name=run.cpuprofile',
      ]);
      for (const [name, ms] of attribute(JSON.parse(readFileSync(saved, 'utf8')), 'init.mjs', lines)) {
        sums.set(name, (sums.get(name) ?? 0) + ms / count / share);
      }
    }
    return sums;
  };
  try {
    const cold = await run(rounds, {}, 1);
    const warm = await run(3, { fresh: warmCalls }, warmCalls);
    const total = (sums: ReadonlyMap<string, number>): number =>
      [...sums.values()].reduce((a, b) => a + b, 0);
    const names = [...cold.keys()].toSorted((a, b) => (cold.get(b) ?? 0) - (cold.get(a) ?? 0));
    return {
      figures: { cold: Object.fromEntries(cold), warm: Object.fromEntries(warm) },
      tables: [
        {
          title: `Where the CPU goes: means of ${rounds} profiled cold starts, and of ${warmCalls} calls after one`,
          rows: [
            ['', 'cold start, ms', 'share', 'warm request, ms'],
            ...names
              .filter((name) => (cold.get(name) ?? 0) > 0.3)
              .map((name) => [
                name,
                number(cold.get(name) ?? 0),
                `${Math.round(((cold.get(name) ?? 0) / total(cold)) * 100)} %`,
                number(warm.get(name) ?? 0),
              ]),
            ['all', number(total(cold)), '', number(total(warm))],
          ],
          note: 'The profiler makes everything slower; shares hold, milliseconds do not. What Node.js does on behalf of a package (sockets, hashes) counts for that package. The warm column includes the cold start, spread over its calls.',
        },
      ],
    };
  } finally {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  }
};
