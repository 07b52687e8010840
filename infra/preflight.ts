import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { report } from './checks/check.ts';
import { type PreflightOptions, preflight } from './checks/preflight-checks.ts';

/** `npm run preflight -- --env <name>`: is an environment ready for visitors? */
const program = new Command('preflight')
  .description(
    'Checks that an environment is ready: settings, stack, secret, Genesys Cloud. Changes nothing.',
  )
  .requiredOption('--env <name>', 'environment, or "local" for the local stack')
  .option('--region <region>', 'AWS region of the stack')
  .option('--profile <profile>', 'profile of the AWS credentials')
  .option('--json', 'one line of JSON, for a pipeline', false)
  .addHelpText(
    'after',
    `
Exit code: 0 when all checks passed, 1 when one failed, 2 for wrong options.

Examples:
  npm run preflight -- --env prod --region eu-central-1
  npm run preflight -- --env local --json`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

const { json, ...options } = program.opts<PreflightOptions & { json: boolean }>();
const results = await preflight(options, fileURLToPath(new URL('..', import.meta.url)));
process.exitCode = report(`Preflight of ${options.env}`, results, { json, print: console.log });
