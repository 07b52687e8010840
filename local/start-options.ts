import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { ProviderName } from '../lambda/config.ts';
import { type Endpoint, endpointNames } from './genesys/endpoints.ts';
import type { Fault } from './genesys/faults.ts';
import { defaultStackFile } from './stack-file.ts';

export interface StartOptions {
  readonly port: number;
  readonly json: boolean;
  readonly data: string | undefined;
  readonly provider: ProviderName;
  readonly genesysLatency: number | undefined;
  readonly genesysLimit: number | undefined;
  readonly genesysFault: readonly Fault[];
  readonly stackFile: string;
}

const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < min || number > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return number;
  };

const faultKinds = ['limited', 'garbage', 'reset', 'reset-after', 'hang', 'hang-after'] as const;

/** `guest=503`, `oauth=hang`, `*=limited`. */
const fault = (text: string, previous: readonly Fault[]): readonly Fault[] => {
  const [endpoint, what = ''] = text.split('=');
  const target = [...endpointNames, '*' as const].find((name) => name === endpoint);
  const kind = faultKinds.find((name) => name === what);
  if (target === undefined || (kind === undefined && !/^[45]\d\d$/.test(what))) {
    throw new InvalidArgumentError(
      `It must be <endpoint>=<kind>, with an endpoint of ${endpointNames.join(', ')} or *, ` +
        `and a kind of ${faultKinds.join(', ')} or an HTTP status such as 503.`,
    );
  }
  const endpointOf: Endpoint | '*' = target;
  return [
    ...previous,
    kind === undefined
      ? { endpoint: endpointOf, kind: 'status', status: Number(what) }
      : { endpoint: endpointOf, kind },
  ];
};

/** Reads the command line; ends the process with one line for a wrong option. */
export const readStartOptions = (argv: readonly string[]): StartOptions => {
  const command = new Command('npm start --')
    .description('Runs the website, the API and everything behind it on this machine.')
    .addOption(
      new Option('--port <number>', 'port of website and API; 0 takes a free one')
        .env('PORT')
        .default(3000)
        .argParser(wholeNumber(0, 65_535)),
    )
    .option('--json', 'logs as the function writes them, for machines', false)
    .option('--data <folder>', 'keep the tables in this folder (default: in memory)', (path) => resolve(path))
    .addOption(
      new Option('--provider <name>', 'how guests are registered')
        .choices(['webchat-v1', 'web-messaging'])
        .default('webchat-v1'),
    )
    .option('--genesys-latency <ms>', 'delay every answer of the simulator', wholeNumber(1, 60_000))
    .option(
      '--genesys-limit <number>',
      'requests that the simulator allows in a minute (default: 300)',
      wholeNumber(1, 1_000_000),
    )
    .addOption(
      new Option(
        '--genesys-fault <endpoint=kind>',
        'make the simulator fail, such as guest=503, oauth=hang, *=limited; may be repeated',
      )
        .argParser(fault)
        .default([], 'none'),
    )
    .addOption(
      new Option('--stack-file <path>', 'where other tools find this stack')
        .argParser((path) => resolve(path))
        .default(defaultStackFile, '.local/stack.json'),
    )
    .addHelpText(
      'after',
      '\nSettings of the function may be set too, such as ALLOWED_ORIGINS=http://localhost:5173 npm start.\n' +
        'How to make the simulator fail while it runs, and all else of the local stack: docs/local.md.',
    )
    .parse([...argv], { from: 'user' });
  return command.opts<StartOptions>();
};
