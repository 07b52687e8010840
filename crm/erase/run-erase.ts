import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { externalIdOf } from '../../lambda/genesys/contact.ts';
import { systemClock } from '../../lambda/time/system-clock.ts';
import { attributeMapOf } from '../explain/describe.ts';
import { refuseSameFiles } from '../reading/same-file.ts';
import { readSecret } from '../store/hash-keys.ts';
import { dynamoDbFor, type Target } from '../store/target.ts';
import { type Context, confirm, requireTarget } from '../store/target-options.ts';
import { UserError } from '../terminal/problem.ts';
import { counted, note, print } from '../terminal/terminal.ts';
import { describeEnd, describeSubject, erasureQuestion } from './describe-erasure.ts';
import type { EraseOptions } from './erase-session.ts';
import { type Contacts, eraseSubject } from './erase-subject.ts';
import { inParallel } from './in-parallel.ts';
import { Journal, type PlannedSubject, type Unfinished } from './journal.ts';
import { type Plan, planErasure } from './plan.ts';
import {
  notReached,
  type ReceiptEnd,
  ReceiptFile,
  type ReceiptLine,
  type SubjectReceipt,
} from './receipt.ts';
import { collect, contactsOf, digester, type EraseCommandOptions } from './request.ts';

// Erasing is mostly watching for requests under way; many subjects are watched together.
const mostAtOnce = 100;

const isSame = (a: PlannedSubject, b: PlannedSubject): boolean =>
  a.hashes.some((hash) => b.hashes.includes(hash)) || a.externalIds.some((id) => b.externalIds.includes(id));

/**
 * What earlier runs left unfinished, numbered on behind the new subjects. Whom an earlier run found is not unknown
 * because it has deleted the record already.
 */
const withUnfinished = (plan: Plan, unfinished: readonly Unfinished[]): readonly PlannedSubject[] => {
  const foundBefore = unfinished.flatMap(({ subjects }) => subjects).filter(({ found }) => found);
  return [
    ...plan.subjects.map((subject) => ({
      ...subject,
      found: subject.found || foundBefore.some((before) => isSame(before, subject)),
    })),
    ...unfinished.flatMap(({ startedAt, subjects }) =>
      subjects.map((subject) => ({ ...subject, from: `${subject.from}, begun ${startedAt}` })),
    ),
  ].map((subject, index) => ({ ...subject, number: index + 1 }));
};

const countOutcomes = (receipts: readonly SubjectReceipt[]): ReceiptEnd => {
  const count = (outcome: SubjectReceipt['outcome']): number =>
    receipts.filter((receipt) => receipt.outcome === outcome).length;
  return {
    kind: 'end',
    finishedAt: new Date().toISOString(),
    erased: count('erased'),
    notFound: count('not found'),
    failed: count('failed'),
  };
};

/** Erases what was planned; each subject settles by itself, and is reported as it happens. */
const execute = async (
  planned: readonly PlannedSubject[],
  erasing: EraseOptions,
  contacts: Contacts,
  journal: Journal,
  report: (line: ReceiptLine) => void,
): Promise<ReceiptEnd> => {
  const receipts = await inParallel(planned, mostAtOnce, async (subject) => {
    const receipt = await eraseSubject(subject, erasing, contacts);
    report(receipt);
    if (receipt.outcome !== 'failed') journal.done(subject.number);
    return receipt;
  });
  const end = countOutcomes(receipts);
  report(end);
  return end;
};

const tablesOf = ({ crmTableName, guestTableName }: Target) => {
  if (guestTableName === undefined)
    throw new UserError('Name the registry table as well: --guest-table <name>.');
  return { crmTableName, guestTableName };
};

/** Runs `erase`. */
export const runErase = async (options: EraseCommandOptions, context: Context): Promise<void> => {
  const { terminal } = context;
  refuseSameFiles([
    ['the list', options.file],
    ['--receipt', options.receipt],
  ]);
  const target = await requireTarget(options, context);
  const tables = tablesOf(target);
  const secret = await readSecret(target);
  const contacts = contactsOf(target, secret, options);
  const { subjects, list } = await collect(options, context, secret);
  const folder = options.journal ?? join(context.folder, '.erasures');
  const { region, profile, endpoints } = target.aws;
  const place = JSON.stringify([region, profile, endpoints.dynamodb, tables]);
  const unfinished = Journal.unfinished(folder, place);
  if (subjects.length === 0 && unfinished.length === 0) {
    throw new UserError('Say whom: --session-id, --session-hash, --crm-id or --file.');
  }
  const client = dynamoDbFor(target);
  try {
    const { externalIdKey } = secret ?? {};
    const plan = await planErasure(subjects, {
      client,
      ...tables,
      keys: secret?.sessionHashKeys,
      digestsOf: digester(
        attributeMapOf(options.attributeMap),
        options.externalSourceId ?? target.genesys?.externalSourceId,
      ),
      externalIdOf:
        'missing' in contacts || externalIdKey === undefined
          ? undefined
          : (crmId) => externalIdOf(crmId, externalIdKey),
    });
    const planned = withUnfinished(plan, unfinished);
    const question = erasureQuestion({ target, tables, subjects, list, planned, unfinished });
    if (options.yes) note(terminal, question.summary);
    // Names are for the eyes of whoever is asked, not for a log.
    else await confirm(terminal, terminal.interactive ? question.full : question.summary, 'erase');

    const startedAt = new Date().toISOString();
    const file = options.receipt === undefined ? undefined : ReceiptFile.open(options.receipt);
    const journal = Journal.write(folder, place, startedAt, planned);
    // The new journal has all of it.
    for (const { path } of unfinished) rmSync(path, { force: true });
    const report = (line: ReceiptLine): void => {
      file?.add(line);
      if (options.json) print(terminal, JSON.stringify(line));
      else if (line.kind === 'subject') for (const text of describeSubject(line)) print(terminal, text);
    };
    const remarks = [...plan.remarks, ...('missing' in contacts ? [contacts.missing] : [])];
    report({
      kind: 'erasure-receipt',
      startedAt,
      environment: target.environment,
      crmTable: tables.crmTableName,
      registryTable: tables.guestTableName,
      provider: target.genesys?.provider,
      subjects: planned.length,
      remarks,
      notReached,
    });
    note(terminal, `The registry is watched for ${counted(options.settleSeconds, 'second')}.`);
    const erasing: EraseOptions = {
      client,
      ...tables,
      clock: systemClock,
      settleMs: options.settleSeconds * 1000,
    };
    const end = await execute(planned, erasing, contacts, journal, report);
    journal.close(end.failed === 0);
    file?.close();
    if (!options.json) for (const text of describeEnd(end, remarks, notReached)) print(terminal, text);
    context.end(end.failed > 0 ? 2 : end.notFound > 0 ? 1 : 0);
  } finally {
    client.destroy();
  }
};
