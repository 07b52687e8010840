import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { report } from './checks/check.ts';
import { type PreflightOptions, preflight } from './checks/preflight-checks.ts';
import { configFolder, settingsOf } from './environments.ts';
import { type Settings, SettingsError } from './settings.ts';

/** `npm run preflight -- --env <name>`: is an environment ready for visitors? */
const program = new Command('preflight')
  .description(
    'Checks that an environment is ready: settings, stack, secret, Genesys Cloud. Changes nothing.',
  )
  .requiredOption('--env <name>', 'environment of config/, or "local" for the local stack')
  .option('--config <folder>', 'folder of the environments', configFolder)
  .option('--before-deploy', 'only what can be known before the stack exists: settings, account', false)
  .option('--region <region>', 'AWS region of the stack (default: that of the environment)')
  .option('--profile <profile>', 'profile of the AWS credentials')
  .option('--json', 'one line of JSON, for a pipeline', false)
  .addHelpText(
    'after',
    `
Exit code: 0 when all checks passed, 1 when one failed, 2 for wrong options, 3 when nothing is broken and a step
of the setup is still to be done (the line says which).

Examples:
  npm run preflight -- --env dev
  npm run preflight -- --env prod --before-deploy
  npm run preflight -- --env local --json`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

const { json, config, ...options } = program.opts<PreflightOptions & { json: boolean; config: string }>();

const settings = (): Settings | undefined => {
  if (options.env === 'local') return undefined;
  try {
    return settingsOf(options.env, resolve(config));
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return program.error(`error: ${error.message}`);
  }
};

const results = await preflight(options, settings(), fileURLToPath(new URL('..', import.meta.url)));
process.exitCode = report(`Preflight of ${options.env}`, results, { json, print: console.log });
