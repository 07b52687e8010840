import { Command } from 'commander';
import { benchCrmImport } from './crm-import.ts';
import { benchCrmValidate } from './crm-validate.ts';
import { benchFunction } from './function.ts';
import { type BenchRow, formatTable, type Report } from './table.ts';

const benches: Readonly<
  Record<string, { title: string; run: (report: Report) => Promise<readonly BenchRow[]> }>
> = {
  function: {
    title: 'The API function (medians; a request is secret, token, tables, guest, guest token)',
    run: benchFunction,
  },
  validate: { title: 'The CRM tool: validating customer files (one core)', run: benchCrmValidate },
  import: { title: 'The CRM tool: importing into a store that answers after 10 ms', run: benchCrmImport },
};

const program = new Command('npm run bench --')
  .description(
    'Performance tables. Each figure stands beside a baseline of the same run: only the ratio holds.',
  )
  .option('--only <name...>', `of: ${Object.keys(benches).join(', ')}`)
  .option('--json', 'one JSON object instead of tables')
  .parse();
const { only = Object.keys(benches), json = false } = program.opts<{ only?: string[]; json?: boolean }>();
const unknown = only.filter((name) => !(name in benches));
if (unknown.length > 0)
  program.error(`No such bench: ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}.`);

const report: Report = (text) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
  else process.stderr.write(`${text}\n`);
};

const results: Record<string, readonly BenchRow[]> = {};
for (const name of only) {
  const bench = benches[name];
  if (bench === undefined) continue;
  results[name] = await bench.run(report);
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  if (!json) console.log(formatTable(bench.title, results[name]));
}
if (json) console.log(JSON.stringify(results, null, 2));
