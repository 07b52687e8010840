import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import { InvalidArgumentError, program } from 'commander';
import { assumptions } from './simulation/assumptions.ts';
import { drawChart } from './simulation/chart.ts';
import { defaultPlan, type Plan, type Progress, simulatePlan } from './simulation/plan.ts';
import { scaleDocument } from './simulation/report.ts';
import { effortTable, serviceTable } from './simulation/tables.ts';

const whole = (text: string): number => {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) {
    throw new InvalidArgumentError('Give a whole number of at least 1.');
  }
  return Number(text);
};
const rates = (text: string): number[] => text.split(',').map((rate) => whole(rate.trim()));

interface Options {
  readonly rates?: number[];
  readonly minutes: number;
  readonly quota: number;
  readonly oauthQuota: number;
  readonly seed: number;
  readonly out?: string;
}

program
  .name('npm run simulate --')
  .description(
    'Runs the domain code under simulated load, with a virtual clock: with and without registry, shared token, queue and admission. Without options it writes docs/scale.md and docs/scale.svg.',
  )
  .option(
    '--rates <list>',
    `sessions a minute, comma-separated (${defaultPlan.rates.join(',')}, and bursts of a minute)`,
    rates,
  )
  .option('--minutes <count>', 'how long a rate lasts; low rates last longer', whole, defaultPlan.minutes)
  .option(
    '--quota <calls>',
    'calls a minute that Genesys allows',
    whole,
    assumptions.genesys.callsPerMinute as number,
  )
  .option(
    '--oauth-quota <calls>',
    'OAuth calls a minute that Genesys allows',
    whole,
    assumptions.genesys.oauthCallsPerMinute as number,
  )
  .option('--seed <number>', 'of all chance: the same seed gives the same result', whole, defaultPlan.seed)
  .option('--out <folder>', 'write scale.md and scale.svg there')
  .parse();
const options = program.opts<Options>();

/** A bar on a terminal; elsewhere one line for each run. */
const createProgress = (): Progress => {
  if (!process.stderr.isTTY) {
    return {
      start: (what) => process.stderr.write(`${what}\n`),
      update: () => undefined,
      stop: () => undefined,
    };
  }
  const bar = new SingleBar({ format: '{bar} {percentage} % of {what}', clearOnComplete: true, fps: 5 });
  return {
    start: (what, sessions) => bar.start(sessions, 0, { what }),
    update: (sessions) => {
      if (sessions % 100 === 0) bar.update(sessions);
    },
    stop: () => bar.stop(),
  };
};

const chosen = Object.keys(options).some(
  (name) => !['default', undefined].includes(program.getOptionValueSource(name)),
);
const plan: Plan = {
  rates: options.rates ?? defaultPlan.rates,
  bursts: options.rates === undefined ? defaultPlan.bursts : [],
  outages: options.rates === undefined ? defaultPlan.outages : [],
  minutes: options.minutes,
  seed: options.seed,
  limits: { callsPerMinute: options.quota, oauthCallsPerMinute: options.oauthQuota },
};
const startedAtMs = performance.now();
const results = await simulatePlan(plan, createProgress());
const took = `${((performance.now() - startedAtMs) / 1000).toFixed(0)} s`;

console.log(`\n${serviceTable(results.lasting)}\n\n${effortTable(results.lasting)}`);
if (results.bursts.length > 0) console.log(`\nOne minute only:\n\n${serviceTable(results.bursts)}`);
process.stderr.write(`\nSimulated in ${took}.\n`);

const folder = options.out ?? (chosen ? undefined : 'docs');
if (folder !== undefined) {
  writeFileSync(join(folder, 'scale.svg'), drawChart(results));
  writeFileSync(join(folder, 'scale.md'), scaleDocument(plan, results));
  console.log(`\nWritten: ${join(folder, 'scale.md')}, ${join(folder, 'scale.svg')}`);
}
