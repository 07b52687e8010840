import { writeFile } from 'node:fs/promises';
import type { GenesysSecret } from '../../lambda/aws/genesys-secret.ts';
import { systemClock } from '../../lambda/time/system-clock.ts';
import { UserError } from '../problem.ts';
import { readSecret } from '../target/hash-keys.ts';
import type { TargetOptions } from '../target/target.ts';
import { dynamoDbFor, type Target } from '../target/target.ts';
import { type Context, confirm, requireTarget } from '../target/target-options.ts';
import { ask, counted, note, print } from '../terminal.ts';
import { customersOf, eraseAll } from './erase-all.ts';
import type { EraseOptions } from './erase-session.ts';
import { type ContactEraser, createContactEraser } from './genesys-contact.ts';
import type { Receipt } from './receipt.ts';
import { addFile, addSessionHash, addSessionId, addSessionsOfCustomers, type Subjects } from './subjects.ts';

export interface EraseCommandOptions extends TargetOptions {
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

/** Runs `erase`. */
export const runErase = async (options: EraseCommandOptions, context: Context): Promise<void> => {
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
