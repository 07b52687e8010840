import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { planOf, sessionsPerWorld } from './plan.ts';
import { prove } from './prove.ts';
import { readRegressions, writeRegression } from './regressions.ts';
import { shrink } from './shrink.ts';
import { createStorm } from './storm.ts';
import { runWorlds, serveWorlds, type WorldReport } from './workers.ts';

const script = fileURLToPath(import.meta.url);
const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};
/** The same output in every run: what depends on the machine goes to standard error. */
const aside = (text: string): void => {
  process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[K' : ''}${text}\n`);
};

const count = (text: string): number => {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1)
    throw new InvalidArgumentError('must be a whole number of at least 1.');
  return Number(text);
};

interface Options {
  readonly seed: number;
  readonly sessions?: number;
  readonly minutes?: number;
  readonly untilFailure?: boolean;
  readonly jobs?: number;
  readonly trace?: boolean;
  readonly save?: string;
}

/** The failure of a seed, made small, as a story. */
const tell = async (seed: number, save: string | undefined): Promise<void> => {
  const storm = await createStorm();
  const failed = await storm(planOf(seed));
  const small = await shrink(storm, failed);
  const { violation, trace } = small;
  say(`\nseed ${seed}: broken: ${violation.promise}`);
  say(`  ${violation.text}`);
  say(`  the story, with all taken away that it does not need (${trace.length} sentences):`);
  for (const sentence of trace) say(`  ${sentence}`);
  if (save !== undefined) say(`written to ${writeRegression(save, small)}`);
  else say(`Next: npm run storm -- --seed ${seed} --sessions ${sessionsPerWorld} --save <name>`);
};

function* seedsFrom({ seed, sessions, minutes }: Options, startedMs: number): Generator<number> {
  const worlds = sessions === undefined ? Infinity : Math.ceil(sessions / sessionsPerWorld);
  const endMs = minutes === undefined ? Infinity : startedMs + minutes * 60_000;
  for (let index = 0; index < worlds && performance.now() < endMs; index += 1) yield seed + index;
}

const runStorm = async (options: Options): Promise<boolean> => {
  const startedMs = performance.now();
  const sums = new Map<string, number>();
  const digest = createHash('sha256');
  const failed: WorldReport[] = [];
  let worlds = 0;
  for await (const report of runWorlds(seedsFrom(options, startedMs), script, options.jobs)) {
    worlds += 1;
    digest.update(report.digest);
    for (const [name, value] of Object.entries(report.counts)) sums.set(name, (sums.get(name) ?? 0) + value);
    progress(`seed ${report.seed}, ${sums.get('sessions')} sessions, ${failed.length} failures`);
    const [violation] = report.violations;
    if (violation === undefined) continue;
    failed.push(report);
    say(`seed ${report.seed}: broken: ${violation.promise} (${violation.text})`);
    if (options.untilFailure === true) break;
  }
  const elapsedMs = performance.now() - startedMs;
  say(
    `${sums.get('sessions') ?? 0} sessions in ${worlds} worlds from seed ${options.seed}: ${sums.get('requests') ?? 0} requests, ` +
      `${sums.get('guests') ?? 0} guests, ${sums.get('faults') ?? 0} faults; ${failed.length} worlds with a broken promise; ` +
      `trace ${digest.digest('hex').slice(0, 16)}`,
  );
  aside(
    `${Math.round(elapsedMs / 100) / 10} s, ${(elapsedMs / (sums.get('sessions') ?? 1)).toFixed(2)} ms a session`,
  );
  const [first] = failed;
  if (first !== undefined) await tell(first.seed, options.save);
  return failed.length === 0;
};

const runTrace = async (seed: number): Promise<boolean> => {
  const storm = await createStorm();
  const { trace, violations } = await storm(planOf(seed), { traced: true });
  for (const sentence of trace) say(sentence);
  for (const { promise, text } of violations) say(`broken: ${promise} (${text})`);
  return violations.length === 0;
};

const runRegressions = async (): Promise<boolean> => {
  const storm = await createStorm();
  let good = true;
  for (const { file, plan, promise } of readRegressions()) {
    const { violations } = await storm(plan);
    const [violation] = violations;
    say(`${file}: ${violation === undefined ? 'holds' : `broken again: ${violation.promise}`} (${promise})`);
    good &&= violation === undefined;
  }
  return good;
};

const runProof = async (seed: number, sessions: number, only: string | undefined): Promise<boolean> => {
  let caught = 0;
  let all = 0;
  for await (const { mutation, seed: by, promise, sessions: tried } of prove(seed, sessions, only)) {
    const { name, unseen } = mutation;
    all += 1;
    if (by !== undefined) caught += 1;
    if (by !== undefined) say(`caught  ${name}: seed ${by}, ${promise} (after ${tried} sessions)`);
    else say(`missed  ${name}: ${unseen ?? `not in ${tried} sessions`}`);
  }
  say(`${caught} of ${all} known defects are caught.`);
  return caught * 10 >= all * 9;
};

const program = new Command('storm')
  .description(
    'Runs the production wiring of init and drain in simulated containers, under faults that one seed decides,\n' +
      'and checks from the outside that no promise breaks. Exit status 1 where one does.',
  )
  .option('--seed <number>', 'the first world; each world has one seed', count, 1)
  .option(
    '--sessions <number>',
    `how many sessions, rounded up to whole worlds of ${sessionsPerWorld}`,
    count,
  )
  .option('--minutes <number>', 'stop after so many minutes', count)
  .option('--until-failure', 'stop at the first broken promise')
  .option('--jobs <number>', 'processes at once (default: one for each processor)', count)
  .option('--trace', 'print all that happens in the world of the seed')
  .option('--save <name>', 'write the small failure to test/storm/regressions/<name>.json')
  .option('--regressions', 'replay the saved stories of failures that were found')
  .option('--prove [name]', 'put each known defect back and show which seed catches it')
  .action(async (options: Options & { prove?: true | string; regressions?: true }) => {
    const sessions =
      options.sessions ?? (options.minutes === undefined && options.untilFailure !== true ? 1000 : undefined);
    const run = async (): Promise<boolean> => {
      if (options.prove !== undefined) {
        return await runProof(
          options.seed,
          options.sessions ?? 2000,
          options.prove === true ? undefined : options.prove,
        );
      }
      if (options.regressions === true) return await runRegressions();
      if (options.trace === true) return await runTrace(options.seed);
      return await runStorm({ ...options, ...(sessions === undefined ? {} : { sessions }) });
    };
    const status = (await run()) ? 0 : 1;
    // A pipe takes its time: nothing said may be lost.
    process.stdout.write('', () => process.exit(status));
  });

if (process.argv[2] === 'worker') await serveWorlds();
else await program.parseAsync();
