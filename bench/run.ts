import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { benchCrmImport } from './crm-import.ts';
import { benchCrmValidate } from './crm-validate.ts';
import { benchCost } from './function/bench-cost.ts';
import { benchGrowth } from './function/bench-growth.ts';
import { benchOwnTime } from './function/bench-own-time.ts';
import { benchPackages } from './function/bench-packages.ts';
import { benchProfile } from './function/bench-profile.ts';
import { benchRuntime } from './function/bench-runtime.ts';
import { benchSize } from './function/bench-size.ts';
import { benchStart } from './function/bench-start.ts';
import { benchTechniques } from './function/bench-techniques.ts';
import { benchTls } from './function/bench-tls.ts';
import { benchWarm } from './function/bench-warm.ts';
import { writeDocument } from './performance-document.ts';
import { type BenchResult, formatTable, type Report, resultOf } from './table.ts';

/** How much is measured: `rounds` fresh processes for a median. */
interface Effort {
  readonly rounds: number;
  readonly quick: boolean;
}

const benches: Readonly<
  Record<string, { about: string; run: (effort: Effort, report: Report) => Promise<BenchResult> }>
> = {
  start: {
    about: 'cold starts beside an empty process, a raw floor, a stock bundle and Express',
    run: async ({ rounds }, report) => await benchStart(rounds, report),
  },
  size: { about: 'the bundles by package', run: async (_, report) => await benchSize(report) },
  techniques: {
    about: 'what each technique of the bundler saves',
    run: async ({ rounds }, report) => await benchTechniques(rounds, report),
  },
  packages: {
    about: 'what giving up a package would buy',
    run: async ({ rounds, quick }, report) => await benchPackages(rounds, quick ? 100 : 250, report),
  },
  profile: {
    about: 'where the CPU goes, by package',
    run: async ({ rounds }, report) => await benchProfile(rounds, report),
  },
  warm: {
    about: 'CPU of warm requests, one at a time',
    run: async ({ rounds, quick }, report) =>
      await benchWarm(quick ? 3 : Math.ceil(rounds / 4), quick ? 100 : 250, report),
  },
  'own-time': {
    about: 'what a request takes beyond its waits, with services that are far away',
    run: async ({ quick }, report) => await benchOwnTime(quick ? 7 : 41, report),
  },
  runtime: {
    about: 'through a stand-in of the Lambda Runtime API, frozen between invocations',
    run: async ({ rounds }, report) => await benchRuntime(rounds, report),
  },
  tls: {
    about: 'over TLS: handshakes, and what they cost',
    run: async ({ rounds }, report) => await benchTls(rounds, report),
  },
  growth: {
    about: 'memory over 20,000 warm requests',
    run: async ({ quick }, report) => await benchGrowth(quick ? 1000 : 20_000, report),
  },
  cost: {
    about: 'what a million sessions cost on AWS, by list prices',
    run: async ({ quick }, report) => await benchCost(quick ? 7 : 21, report),
  },
  validate: {
    about: 'the CRM tool: validating customer files',
    run: async (_, report) =>
      resultOf('The CRM tool: validating customer files (one core)', await benchCrmValidate(report)),
  },
  import: {
    about: 'the CRM tool: importing',
    run: async (_, report) =>
      resultOf('The CRM tool: importing into a store that answers after 10 ms', await benchCrmImport(report)),
  },
};

const wholeNumber = (text: string): number => {
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new InvalidArgumentError('It must be a whole number from 1 to 9999.');
  return Number(text);
};

const program = new Command('npm run bench --')
  .description(
    'Performance tables. Each figure stands beside a baseline of the same run: only the ratio holds.',
  )
  .option('--only <name...>', 'these benches; without it all')
  .option('--rounds <count>', 'fresh processes for each median', wholeNumber, 21)
  .option('--quick', 'five rounds and short runs: ratios, not figures to quote')
  .option('--json', 'one JSON object instead of tables')
  .option('--record', 'also write the tables and pictures into docs/performance.md and docs/')
  .addHelpText(
    'after',
    `\nBenches:\n${Object.entries(benches)
      .map(([name, { about }]) => `  ${name.padEnd(12)}${about}`)
      .join('\n')}`,
  )
  .parse();
const options = program.opts<{
  only?: string[];
  rounds: number;
  quick?: boolean;
  json?: boolean;
  record?: boolean;
}>();
const { only = Object.keys(benches), quick = false } = options;
const unknown = only.filter((name) => !Object.hasOwn(benches, name));
if (unknown.length > 0)
  program.error(`No such bench: ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`);
if (quick && options.record === true) program.error('--quick figures are not to be recorded; leave one out.');

const docs = fileURLToPath(new URL('../docs/', import.meta.url));
/** At once, so that a long run that is ended early leaves what it has. */
const record = (name: string, result: BenchResult): void => {
  writeDocument(`${docs}performance.md`, { [name]: result });
  const pictures = Object.entries(result.pictures ?? {});
  for (const [file, text] of pictures) writeFileSync(`${docs}${file}`, text);
  console.error(`Wrote docs/performance.md${pictures.map(([file]) => ` and docs/${file}`).join('')}.`);
};

const isTerminal = process.stderr.isTTY;
const results: Record<string, BenchResult> = {};
for (const name of only) {
  const bench = benches[name];
  if (bench === undefined) continue;
  const report: Report = (text) => {
    process.stderr.write(isTerminal ? `\r\u001b[K${name}: ${text}` : `${name}: ${text}\n`);
  };
  const result = await bench.run({ rounds: quick ? 5 : options.rounds, quick }, report);
  results[name] = result;
  if (isTerminal) process.stderr.write('\r\u001b[K');
  if (options.json !== true) console.log(result.tables.map(formatTable).join('\n'));
  if (options.record === true) record(name, result);
}
if (options.json === true) {
  const figures = Object.entries(results).map(([name, result]) => [name, result.figures]);
  console.log(JSON.stringify(Object.fromEntries(figures), null, 2));
}
