import { type Command, InvalidArgumentError } from 'commander';
import { type Context, withTarget } from '../store/target-options.ts';
import type { EraseCommandOptions } from './run-erase.ts';

const manual = `
Erases a person: the CRM record, the registry entry and, with provider web-messaging, the contact at Genesys.
The registry is watched for a while, so that a registration under way at that moment is caught too.
The receipt says what was deleted where and when, by hash; it holds no personal data. Keep it as evidence.

By session only that session is erased from the tables; --crm-id erases all sessions that the CRM table has of
a customer. "-" as session id or CRM id reads it from the standard input, so that it is in no shell history.

Examples:
  npm run crm -- erase --env prod --crm-id C-0001234 --receipt receipt.json
  npm run crm -- erase --env prod --file requests.csv --yes --receipt receipts.json
  npm run crm -- erase --env local --session-id - --yes`;

const wholeSeconds = (text: string): number => {
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new InvalidArgumentError('It is a number of seconds.');
  return value;
};

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
    .option('--file <file>', 'CSV with a column sessionId, sessionHash or crmId')
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
    .option('--settle-seconds <number>', 'how long to watch for registrations under way', wholeSeconds, 12)
    .option('--receipt <file>', 'save the receipt as JSON')
    .option('--json', 'print the receipt as JSON')
    .option('--yes', 'do not ask');
};
