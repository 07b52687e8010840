import type { Command } from 'commander';
import { parseDelimiter, parseEncoding } from '../customers/input-options.ts';
import { type Context, withTarget } from '../store/target-options.ts';
import { wholeNumber } from '../terminal/whole-number.ts';
import type { EraseCommandOptions } from './request.ts';

const manual = `
Erases people: the CRM record, the registry entry and, with provider web-messaging, the contact at Genesys, under every
hash key that is in use. The registry is watched for a while, so that a registration under way at that moment is caught too.

By session only that session is erased; the contact goes with the customer's last session. --crm-id erases all sessions
that the CRM table has of a customer. A list is CSV or JSON Lines with a column sessionId, sessionHash or crmId; one faulty
row, and nobody is erased. "-" as session id or CRM id reads it from the standard input, so that it is in no shell history.

Each subject is settled by itself: erased, not found, or failed with the reason. The receipt has a line for each, written as
it happens, and holds no personal data: keep it as evidence. What was planned is kept in a journal until it is done: when
somebody failed, or the run was interrupted, the next "erase" with the same tables goes on.

Exit codes: 0 everybody was erased; 1 somebody was not found; 2 somebody could not be erased, or nothing was tried.

Examples:
  npm run crm -- erase --env prod --crm-id C-0001234 --receipt receipt.jsonl
  npm run crm -- erase --env prod --file requests.csv --yes --receipt receipts.jsonl
  npm run crm -- erase --env local --session-id - --yes`;

export const addErase = (program: Command, context: Context): void => {
  const command = program
    .command('erase')
    .summary('erase a person on request')
    .description('Erase a person from the tables and, where there is one, the contact at Genesys.')
    .addHelpText('after', manual)
    .optionsGroup('Whom:')
    .option('--session-id <id>', 'session id of the website')
    .option('--session-hash <hash>', 'session hash')
    .option('--crm-id <id>', "the CRM's customer id: all sessions of the customer")
    .option('--file <file>', 'list with a column sessionId, sessionHash or crmId; - is the input')
    .option('--encoding <name>', 'of the list, e.g. windows-1252 (default: UTF-8)', parseEncoding)
    .option('--delimiter <character>', 'separator of the list (default: by its header)', parseDelimiter)
    .action(async (options: EraseCommandOptions) => {
      const { runErase } = await import('./run-erase.ts');
      await runErase(options, context);
    });
  withTarget(command)
    .optionsGroup('How:')
    .option(
      '--external-source-id <id>',
      'external source of the contacts at Genesys (provider web-messaging)',
    )
    .option(
      '--settle-seconds <number>',
      'how long to watch for registrations under way',
      wholeNumber(0, 3600),
      12,
    )
    .option('--attribute-map <json>', "the function's ATTRIBUTE_MAP, where it is not the default")
    .option('--receipt <file>', 'add the receipt to this file, one JSON object a line')
    .option('--journal <folder>', 'where unfinished erasures are kept (default: .erasures in the project)')
    .option('--json', 'print the receipt instead of sentences')
    .option('--yes', 'do not ask');
};
