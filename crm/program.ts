import { Command, CommanderError } from 'commander';
import { addErase } from './erase/command.ts';
import { addExplain } from './explain/command.ts';
import { addExport } from './export/command.ts';
import { addHash } from './hash/command.ts';
import { addImport } from './import/command.ts';
import { addPurge } from './purge/command.ts';
import { addValidate } from './reading/validate-command.ts';
import { addSample } from './sample/command.ts';
import { addStats } from './stats/command.ts';
import type { Context } from './store/target-options.ts';
import { sentenceFor } from './terminal/sentences.ts';
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
130 interrupted. ("erase --help" has its own.)`;

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
  for (const add of [
    addImport,
    addValidate,
    addExplain,
    addErase,
    addPurge,
    addExport,
    addHash,
    addSample,
    addStats,
  ])
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
