import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { dependencyNames } from './dependencies.ts';
import { documentWith } from './document.ts';
import { redCells, runMatrix } from './matrix.ts';
import { nameOf, rows, states } from './observation.ts';
import { defaultBudgets } from './settings.ts';

const wholeNumber = (text: string): number => {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 to 99.');
  return Number(text);
};

const program = new Command('npm run matrix --')
  .description(
    'Every dependency × every fault × cold and warm, through the built bundles, each cell judged by the promises.\n' +
      'Exit status 1 where a cell breaks one. Run `npm run build` first.',
  )
  .option('--only <name...>', 'dependencies, functions or rows, such as queue, drain or init/guest/hang')
  .option('--lanes <count>', 'rows at once', wholeNumber, 2 * availableParallelism())
  .option('--json', 'one JSON object instead of a summary')
  .option('--record', 'also write the tables into docs/reliability.md')
  .option('--list', 'the names of the rows, and nothing else')
  .addHelpText('after', `\nDependencies: ${dependencyNames.join(', ')}`)
  .parse();
const options = program.opts<{
  only?: string[];
  lanes: number;
  json?: boolean;
  record?: boolean;
  list?: boolean;
}>();

const { only } = options;
const all = rows();
const isNamed = (row: (typeof all)[number], name: string): boolean =>
  name === row.dependency || name === row.subject || `${nameOf(row)}/`.startsWith(`${name}/`);
for (const name of only ?? []) {
  if (!all.some((row) => isNamed(row, name)))
    program.error(`No such row: ${name}. --list shows their names.`);
}
const chosen = only === undefined ? all : all.filter((row) => only.some((name) => isNamed(row, name)));
if (options.record === true && only !== undefined)
  program.error('Only the whole matrix is recorded: leave --only out.');
if (options.list === true) {
  console.log(chosen.map(nameOf).join('\n'));
  process.exit();
}

const startedMs = performance.now();
const seconds = (): number => Math.round((performance.now() - startedMs) / 1000);
const isTerminal = process.stderr.isTTY;
let done = 0;
let red = 0;
const clear = isTerminal ? '\r\u001b[K' : '';
const once: string[] = [];
const results = await runMatrix({
  rows: chosen,
  lanes: options.lanes,
  budgets: defaultBudgets,
  onResult: (result) => {
    done += 1;
    const broken = redCells([result]);
    red += broken.length;
    for (const { name, broken: promises } of broken)
      process.stderr.write(`${clear}red ${name}: ${promises.join('; ')}\n`);
    const state = `${done} of ${chosen.length} rows, ${red} red cells, ${seconds()} s`;
    if (isTerminal) process.stderr.write(`\r\u001b[K${state}`);
    else if (done % 25 === 0) process.stderr.write(`${state}\n`);
  },
  onAgain: ({ row }, again) => {
    const stays = redCells([again]).length > 0;
    process.stderr.write(`${clear}again, alone: ${nameOf(row)} ${stays ? 'stays red' : 'is not red'}\n`);
    if (!stays) once.push(nameOf(row));
  },
});
if (isTerminal) process.stderr.write('\r\u001b[K');

const reds = redCells(results);
if (options.json === true) {
  const cells = results.flatMap(({ row, cells: both }) =>
    states.map((state) => ({ name: `${nameOf(row)}/${state}`, ...both[state] })),
  );
  console.log(JSON.stringify({ red: reds, redOnce: once, cells }, null, 2));
} else {
  for (const { name, broken } of reds) console.log(`red ${name}: ${broken.join('; ')}`);
  if (once.length > 0) console.log(`Red beside other rows, not red alone: ${once.join(', ')}.`);
  console.log(`${2 * results.length} cells in ${seconds()} s; ${reds.length} red.`);
}
if (options.record === true && reds.length === 0) {
  const file = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url));
  writeFileSync(file, documentWith(readFileSync(file, 'utf8'), results));
  console.error('Wrote docs/reliability.md.');
}
process.exitCode = reds.length === 0 ? 0 : 1;
