import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import mutations from './mutations.json' with { type: 'json' };
import { type Mood, type Plan, planOf, sessionsPerWorld } from './plan.ts';
import { runWorlds } from './workers.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Edit {
  readonly file: string;
  readonly text: string;
  readonly replacement: string;
}
/** A known defect, put back. */
export interface Mutation {
  readonly name: string;
  readonly defect: string;
  readonly edits?: readonly Edit[];
  /** The worlds in which it shows; others are not tried. */
  readonly mood?: Mood;
  readonly provider?: Plan['provider'];
  /** Why the storm cannot see it, where it cannot. */
  readonly unseen?: string;
}

export interface Proof {
  readonly mutation: Mutation;
  readonly seed?: number;
  readonly promise?: string;
  readonly sessions: number;
}

/** The source with a defect put back. @throws where the text is not there exactly once */
const mutated = ({ name, edits = [] }: Mutation, into: string): void => {
  for (const { file, text, replacement } of edits) {
    const path = join(into, file);
    const source = readFileSync(path, 'utf8');
    const found = source.split(text).length - 1;
    if (found !== 1) throw new Error(`${name} no longer applies: ${file} has its text ${found} times`);
    writeFileSync(
      path,
      source.replace(text, () => replacement),
    );
  }
};

const seedsFor = ({ mood, provider }: Mutation, firstSeed: number, worlds: number): number[] => {
  const seeds: number[] = [];
  for (let seed = firstSeed; seeds.length < worlds; seed += 1) {
    const plan = planOf(seed);
    const shows = (mood ?? plan.mood) === plan.mood && (provider ?? plan.provider) === plan.provider;
    if (shows) seeds.push(seed);
  }
  return seeds;
};

/**
 * Runs the storm against each known defect until a promise breaks.
 * @param sessions that are tried at most for each
 * @throws where a mutation no longer applies
 */
export async function* prove(firstSeed: number, sessions: number, only?: string): AsyncGenerator<Proof> {
  for (const mutation of mutations as readonly Mutation[]) {
    if (only !== undefined && !mutation.name.includes(only)) continue;
    if (mutation.edits === undefined) {
      yield { mutation, sessions: 0 };
      continue;
    }
    const copy = mkdtempSync(join(tmpdir(), 'storm-'));
    try {
      for (const part of ['lambda', 'crm', 'infra', 'local', 'test/storm', 'package.json', 'tsconfig.json']) {
        cpSync(join(root, part), join(copy, part), { recursive: true });
      }
      symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
      mutated(mutation, copy);
      const seeds = seedsFor(mutation, firstSeed, Math.ceil(sessions / sessionsPerWorld));
      let tried = 0;
      let proof: Proof | undefined;
      for await (const report of runWorlds(seeds, join(copy, 'test/storm/run.ts'))) {
        tried += report.counts['sessions'] ?? 0;
        const [violation] = report.violations;
        if (violation === undefined) continue;
        proof = { mutation, seed: report.seed, promise: violation.promise, sessions: tried };
        break;
      }
      yield proof ?? { mutation, sessions: tried };
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }
}
