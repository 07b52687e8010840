import { Command, CommanderError } from 'commander';
import { addErase } from './erase/command.ts';
import { addExplain } from './explain/command.ts';
import { addHash } from './hash/command.ts';
import { addImport } from './import/command.ts';
import { addValidate } from './reading/validate-command.ts';
import { addSample } from './sample/command.ts';
import { addStats } from './stats/command.ts';
import type { Context } from './store/target-options.ts';
import { codeOf, UserError } from './terminal/problem.ts';
import { note } from './terminal/terminal.ts';

const manual = `
A first import, step by step:
  1. npm run crm -- validate customers.csv                  is the file all right?
  2. npm run crm -- import customers.csv --env staging --dry-run   what would change?
  3. npm run crm -- import customers.csv --env staging      write it
  4. npm run crm -- explain --env staging --session-id …    is a visitor recognised?

"npm run crm -- <command> --help" explains a command, with examples; docs/crm.md explains it all.
Session ids are hashed on this machine. No session id and no e-mail address is printed unless you ask for it.

Exit codes: 0 all is well; 1 rows were rejected or nothing was found; 2 the command could not do its work;
130 interrupted.`;

/** Sentences for failures of AWS that the CRM team can do something about. */
const awsSentences: Readonly<Record<string, string>> = {
  CredentialsProviderError:
    'No AWS credentials: name a --profile, or sign in first (aws sso login --profile …).',
  ExpiredTokenException: 'The AWS session has ended: sign in again (aws sso login --profile …).',
  ExpiredToken: 'The AWS session has ended: sign in again (aws sso login --profile …).',
  UnrecognizedClientException: 'AWS does not know these credentials: check --profile and --region.',
  InvalidClientTokenId: 'AWS does not know these credentials: check --profile and --region.',
  AccessDeniedException:
    'AWS refused it: this profile lacks a permission for it (the policy of the CRM team grants it).',
  AccessDenied:
    'AWS refused it: this profile lacks a permission for it (the policy of the CRM team grants it).',
  ResourceNotFoundException: 'There is no such table: check --env, --table, --region and --profile.',
};

const networkSentence =
  'The endpoint cannot be reached: is the network up, and the local stack running (npm start)?';

/** One sentence for a failure; never a value of a row, nor text that came from elsewhere. */
export const sentenceFor = (error: unknown): string => {
  if (error instanceof UserError) return error.message;
  const { name = 'error', message = '' } = error as Partial<Error>;
  const code = codeOf(error) ?? '';
  if (['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ECONNRESET'].includes(code))
    return networkSentence;
  if (code === 'ENOSPC') return 'The disk is full.';
  if (code === 'EACCES' || code === 'EROFS') return 'A file cannot be written there: permission is missing.';
  if (message.includes('Region is missing')) return 'Name the AWS --region (or set AWS_REGION).';
  return awsSentences[name] ?? `Something unexpected failed (${name}${code === '' ? '' : `, ${code}`}).`;
};

const newProgram = (context: Context): Command => {
  const program = new Command('npm run crm --')
    .description('The CRM team’s tool: load customers, check files, explain matches, erase people.')
    .addHelpText('after', manual)
    .showHelpAfterError('(add --help for the manual)')
    .configureOutput({
      writeOut: (text) => context.terminal.out.write(text),
      writeErr: (text) => context.terminal.notes.write(text),
    })
    .exitOverride();
  for (const add of [addImport, addValidate, addExplain, addErase, addHash, addSample, addStats])
    add(program, context);
  for (const command of program.commands) command.exitOverride().copyInheritedSettings(program);
  return program;
};

/**
 * Runs one command of the tool.
 * @param argv as in process.argv
 * @returns the exit code
 */
export const run = async (argv: readonly string[], context: Omit<Context, 'end'>): Promise<number> => {
  let exitCode = 0;
  const program = newProgram({
    ...context,
    end: (code) => {
      exitCode = code;
    },
  });
  try {
    await program.parseAsync([...argv]);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    note(context.terminal, sentenceFor(error));
    return 2;
  }
};
