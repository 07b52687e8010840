import { writeFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { GenesysSecret } from '../../lambda/aws/genesys-secret.ts';
import { systemClock } from '../../lambda/system-clock.ts';
import { customersOf, eraseAll } from '../erase/erase-all.ts';
import type { EraseOptions } from '../erase/erase-session.ts';
import { type ContactEraser, createContactEraser } from '../erase/genesys-contact.ts';
import type { Receipt } from '../erase/receipt.ts';
import {
  addFile,
  addSessionHash,
  addSessionId,
  addSessionsOfCustomers,
  type Subjects,
} from '../erase/subjects.ts';
import { UserError } from '../problem.ts';
import { readSecret } from '../target/hash-keys.ts';
import { dynamoDbFor, type Target, type TargetOptions } from '../target/target.ts';
import { type Context, confirm, requireTarget, withTarget } from '../target/target-options.ts';
import { ask, counted, note, print } from '../terminal.ts';

interface EraseCommandOptions extends TargetOptions {
  readonly sessionId?: string;
  readonly sessionHash?: string;
  readonly crmId?: string;
  readonly file?: string;
  readonly externalSourceId?: string;
  readonly settleSeconds: number;
  readonly receipt?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

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

const collect = async (options: EraseCommandOptions, context: Context, secret: GenesysSecret | undefined) => {
  const subjects: Subjects = { sessionHashes: new Set(), crmIds: new Set() };
  const keys = secret?.sessionHashKeys ?? [];
  const { terminal } = context;
  const given = async (value: string): Promise<string> => (value === '-' ? await ask(terminal, '') : value);
  const { sessionId, sessionHash, crmId, file } = options;
  if (sessionId !== undefined) addSessionId(subjects, await given(sessionId), keys);
  if (sessionHash !== undefined) addSessionHash(subjects, sessionHash);
  if (crmId !== undefined) subjects.crmIds.add(await given(crmId));
  if (file !== undefined) await addFile(subjects, file, keys, terminal.in);
  if (subjects.sessionHashes.size === 0 && subjects.crmIds.size === 0) {
    throw new UserError('Say whom: --session-id, --session-hash, --crm-id or --file.');
  }
  return subjects;
};

const contactEraser = (
  target: Target,
  secret: GenesysSecret | undefined,
  { externalSourceId = target.genesys?.externalSourceId }: EraseCommandOptions,
): ContactEraser | string => {
  const { genesys } = target;
  if (genesys === undefined)
    return 'Genesys is not known for this target: a contact there was not looked for.';
  if (genesys.provider !== 'web-messaging') {
    return `Provider ${genesys.provider} has no call that deletes a guest at Genesys; its own retention applies.`;
  }
  if (secret?.externalIdKey === undefined)
    return 'The secret has no externalIdKey: customers have no contact at Genesys.';
  if (externalSourceId === undefined) {
    throw new UserError(
      'Customers may have a contact at Genesys: name its --external-source-id, as the function has it.',
    );
  }
  return createContactEraser(genesys, secret, secret.externalIdKey, externalSourceId);
};

const printReceipt = (context: Context, { sessions, genesysContacts, remarks }: Receipt): void => {
  const { terminal } = context;
  for (const { sessionHash, crmRecord, registryEntry, goneAt } of sessions) {
    print(
      terminal,
      `${sessionHash}  CRM record ${crmRecord}, registry entry ${registryEntry}, gone at ${goneAt}`,
    );
  }
  for (const { contact, at, reason } of genesysContacts) {
    print(terminal, `Contact at Genesys ${contact} at ${at}${reason === undefined ? '' : `: ${reason}`}`);
  }
  for (const remark of remarks) print(terminal, remark);
};

const runErase = async (options: EraseCommandOptions, context: Context): Promise<void> => {
  const { terminal } = context;
  const target = await requireTarget(options, context);
  const { guestTableName, crmTableName } = target;
  if (guestTableName === undefined)
    throw new UserError('Name the registry table as well: --guest-table <name>.');
  const secret = await readSecret(target);
  const contacts = contactEraser(target, secret, options);
  const subjects = await collect(options, context, secret);
  const client = dynamoDbFor(target);
  try {
    const settleMs = options.settleSeconds * 1000;
    const erasing: EraseOptions = { client, crmTableName, guestTableName, clock: systemClock, settleMs };
    await addSessionsOfCustomers(subjects, client, crmTableName);
    const hashes = [...subjects.sessionHashes];
    const crmIds = [...new Set([...subjects.crmIds, ...(await customersOf(hashes, erasing))])];
    if (!options.yes) {
      const where = `${target.isProduction ? 'PRODUCTION: ' : ''}${target.label} (tables ${crmTableName}, ${guestTableName})`;
      await confirm(
        terminal,
        `This erases ${counted(hashes.length, 'session hash', 'session hashes')} for good from ${where}.`,
        'erase',
      );
    }
    if (hashes.length > 0)
      note(terminal, `Erasing; the registry is watched for ${options.settleSeconds} seconds.`);
    const startedAt = new Date().toISOString();
    const erased = await eraseAll(
      hashes,
      crmIds,
      erasing,
      typeof contacts === 'string' ? undefined : contacts,
    );
    const receipt: Receipt = {
      kind: 'erasure-receipt',
      startedAt,
      finishedAt: new Date().toISOString(),
      environment: target.environment,
      crmTable: crmTableName,
      registryTable: guestTableName,
      provider: target.genesys?.provider,
      ...erased,
      remarks: [
        ...(typeof contacts === 'string' ? [contacts] : []),
        ...(hashes.length === 0 ? ['The CRM table has no session of this customer.'] : []),
      ],
    };
    if (options.receipt !== undefined)
      await writeFile(options.receipt, `${JSON.stringify(receipt, null, 2)}\n`);
    if (options.json) print(terminal, JSON.stringify(receipt));
    else printReceipt(context, receipt);
    context.end(receipt.genesysContacts.some(({ contact }) => contact === 'failed') ? 1 : 0);
  } finally {
    client.destroy();
  }
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
    .action(async (options: EraseCommandOptions) => await runErase(options, context));
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
