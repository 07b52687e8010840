import type { Command } from 'commander';
import { UserError } from '../terminal/problem.ts';
import { ask, note, type Terminal } from '../terminal/terminal.ts';
import type { Environment } from './resolve-target.ts';
import type { Target, TargetOptions } from './target.ts';

/** What every command gets: the terminal, and the parts of the process that it may read. */
export interface Context {
  readonly terminal: Terminal;
  readonly environment: Environment;
  /** The project's folder: the local stack says there where it listens. */
  readonly folder: string;
  /** From now on, Ctrl-C aborts this signal instead of ending the process: the command ends in good order. */
  interruptible(): AbortSignal;
  /** Sets the exit code. */
  end(exitCode: number): void;
}

/** Adds the options that choose a target. */
export const withTarget = (command: Command): Command =>
  command
    .optionsGroup('Where:')
    .option('--env <name>', 'environment: local, dev, staging, prod … (read from its stack)')
    .option('--table <name>', 'CRM table, instead of --env')
    .option('--guest-table <name>', 'registry table, beside --table')
    .option('--region <name>', 'AWS region')
    .option('--profile <name>', 'AWS profile')
    .option('--endpoint <url>', 'DynamoDB endpoint, for a local one')
    .option('--secret-id <name>', 'Secrets Manager secret that holds the hash keys');

/** @throws UserError when no target was named */
export const requireTarget = async (options: TargetOptions, context: Context): Promise<Target> => {
  // Commands that need no target start without the AWS SDK.
  const { resolveTarget } = await import('./resolve-target.ts');
  const target = await resolveTarget(options, context.environment, context.folder);
  if (target === undefined)
    throw new UserError('Say where: --env <name> (such as --env local), or --table <name>.');
  return target;
};

/**
 * Has a person confirm what cannot be undone, by typing `expected`.
 * @param otherwise what is true when they do not
 * @throws UserError when they do not, or when nobody is there to be asked
 */
export const confirm = async (
  terminal: Terminal,
  question: string,
  expected: string,
  otherwise = 'Nothing was changed.',
): Promise<void> => {
  if (!terminal.interactive) {
    throw new UserError(`${question} Nobody is here to confirm it: add --yes.`);
  }
  note(terminal, question);
  if ((await ask(terminal, `Type ${expected} to go on: `)) !== expected) throw new UserError(otherwise);
};

/** Names a target that may be production before anything is written to it, and has it confirmed. */
export const confirmTarget = async (
  target: Target,
  terminal: Terminal,
  yes: boolean,
  what: string,
): Promise<void> => {
  const { isProduction, foreignTable, label, crmTableName, environment } = target;
  if (yes || !(isProduction || foreignTable)) return;
  const name = isProduction ? `PRODUCTION: ${label}` : label;
  await confirm(
    terminal,
    `This ${what} ${name} (table ${crmTableName}).`,
    foreignTable ? crmTableName : (environment ?? crmTableName),
  );
};
