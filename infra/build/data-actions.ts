import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { readConfig } from '../../lambda/config.ts';
import { functionEnvironment } from '../environment-variables.ts';
import { environmentNames, settingsOf } from '../environments.ts';
import { SettingsError } from '../settings.ts';
import { type FlowType, flowTypes } from './data-action.ts';
import { DataActionError, dataActionFiles } from './data-action-files.ts';

interface Options {
  readonly env: string;
  readonly functionArn: string;
  readonly type: Readonly<Record<string, FlowType>>;
  readonly out?: string;
}

/** `vip=boolean`. */
const attributeType = (text: string, previous: Options['type']): Options['type'] => {
  const [name = '', wanted, ...more] = text.split('=');
  const type = flowTypes.find((known) => known === wanted);
  if (name === '' || type === undefined || more.length > 0) {
    throw new InvalidArgumentError(`It must be <attribute>=<type>, with a type of ${flowTypes.join(', ')}.`);
  }
  return { ...previous, [name]: type };
};

/** The map that the function of this environment runs with, checked as the function checks it. */
const attributeMapOf = (env: string) => {
  const unknown = { secretId: '-', crmTableName: '-', guestTableName: '-' };
  const resources = { ...unknown, overflowQueueUrl: 'https://sqs.example.com/-' };
  return readConfig(functionEnvironment(settingsOf(env), resources)).attributeMap;
};

const program = new Command('npm run data-actions --')
  .description("Writes the data actions that an organisation's administrator imports into Genesys Cloud.")
  .requiredOption('--env <name>', `environment: ${environmentNames().join(', ')}`)
  .requiredOption(
    '--function-arn <arn>',
    "ARN of the alias of the function resolve, from the stack's outputs",
  )
  .addOption(
    new Option(
      '--type <attribute=type>',
      'type of a mapped attribute that is not text, such as vip=boolean; may be repeated',
    )
      .argParser(attributeType)
      .default({}, 'text'),
  )
  .option('--out <folder>', 'where they are written (default: genesys/data-actions/<env>)', (path) =>
    resolve(process.env['INIT_CWD'] ?? '.', path),
  )
  .addHelpText(
    'after',
    `
Exit code: 0 when the files are written, 2 for wrong options or settings.

Example:
  npm run data-actions -- --env prod --function-arn arn:aws:lambda:eu-central-1:111122223333:function:resolve:live`,
  )
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

try {
  const { env, functionArn, type, out = resolve('genesys/data-actions', env) } = program.opts<Options>();
  const files = dataActionFiles({ functionArn, attributeMap: attributeMapOf(env), types: type });
  mkdirSync(out, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    const path = join(out, `${name}.json`);
    writeFileSync(path, text);
    console.log(relative(process.cwd(), path));
  }
  console.log(
    'Next: Admin → Integrations → Actions → Import, each file; the first one into the integration of type',
  );
  console.log(
    'AWS Lambda Data Actions, the others into one of type Genesys Cloud Data Actions; then publish them.',
  );
} catch (error) {
  if (!(error instanceof DataActionError || error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
