import { Command } from 'commander';
import { report } from './checks/check.ts';
import { type SmokeOptions, smoke } from './checks/smoke-checks.ts';

/** `npm run smoke -- --url <api>`: does a deployed API do what visitors need? */
const program = new Command('smoke')
  .description('Tries a running API from outside, with one synthetic visitor.')
  .requiredOption('--url <url>', 'base URL of the API: the output ApiUrl of the stack')
  .option('--origin <origin>', 'an allowed origin, to try CORS with')
  .option('--patience-seconds <seconds>', 'how long a queued registration is waited for', Number, 60)
  .option('--json', 'one line of JSON, for a pipeline', false)
  .addHelpText(
    'after',
    `
Exit code: 0 when all checks passed, 1 when one failed, 2 for wrong options.

Examples:
  npm run smoke -- --url https://chat.example.com --origin https://www.example.com
  npm run smoke -- --url http://localhost:3000 --origin http://localhost:3000 --json`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

const { json, ...options } = program.opts<SmokeOptions & { json: boolean }>();
if (!URL.canParse(options.url)) program.error('error: --url is not a URL');
process.exitCode = report(`Smoke test of ${options.url}`, await smoke(options), { json, print: console.log });
