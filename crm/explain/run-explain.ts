import { hashSession, keyIdOf } from '../../lambda/guest/session-hash.ts';
import { sessionIdFault } from '../customers/record-check.ts';
import { readHashKeys } from '../store/hash-keys.ts';
import type { TargetOptions } from '../store/target.ts';
import { dynamoDbFor } from '../store/target.ts';
import { type Context, requireTarget } from '../store/target-options.ts';
import { UserError } from '../terminal/problem.ts';
import { ask, print } from '../terminal/terminal.ts';
import { attributeMapOf, describeRecord, describeRegistration, guestAsSent, shownValue } from './describe.ts';
import { likelyCauses } from './likely-cause.ts';
import { type FoundRecord, findRecords, findRegistrations, type Tables } from './lookup.ts';

export interface ExplainOptions extends TargetOptions {
  readonly sessionId: string;
  readonly showValues?: boolean;
  readonly attributeMap?: string;
}

const sentence: Readonly<Record<FoundRecord['kind'], string>> = {
  absent: 'no record',
  invalid: 'a record that breaks the schema: the function treats it as absent',
  expired: 'a record that has expired: the function treats it as absent',
  found: 'a record',
};

/** Runs `explain`; whether the visitor is recognised. */
export const runExplain = async (options: ExplainOptions, context: Context): Promise<boolean> => {
  const { terminal } = context;
  const show = options.showValues ?? false;
  const target = await requireTarget(options, context);
  const sessionId = options.sessionId === '-' ? await ask(terminal, '') : options.sessionId;
  const fault = sessionIdFault(sessionId);
  if (fault !== undefined)
    throw new UserError(`This is no session id: it ${fault}. The function would refuse it.`);
  const map = attributeMapOf(options.attributeMap);
  const keys = await readHashKeys(target);
  const hashes = hashSession(sessionId, keys);
  const client = dynamoDbFor(target);
  const tables: Tables = { client, crmTableName: target.crmTableName, guestTableName: target.guestTableName };
  const nowMs = Date.now();
  try {
    const records = await findRecords(tables, hashes, nowMs);
    print(terminal, `Looked up in ${target.label}, table ${target.crmTableName}:`);
    hashes.forEach((hash, index) => {
      const record: FoundRecord = records.get(hash) ?? { kind: 'absent' };
      const age = hashes.length > 1 ? (index === 0 ? ', the newest' : ', an older one') : '';
      const key = keyIdOf(hash) === 'plain' ? 'unkeyed' : `key ${keyIdOf(hash)}`;
      print(terminal, `  ${hash} (${key}${age}): ${sentence[record.kind]}`);
      if (record.kind === 'invalid') print(terminal, `    bad fields: ${record.badFields.join(', ')}`);
      if (record.kind === 'found' || record.kind === 'expired') {
        for (const line of describeRecord(record.record, show, nowMs)) print(terminal, `    ${line}`);
      }
    });
    const usedHash = hashes.find((hash) => records.get(hash)?.kind === 'found');
    const used = usedHash === undefined ? undefined : records.get(usedHash);
    const sent = guestAsSent(
      used?.kind === 'found' ? used.record : undefined,
      hashes[0],
      map,
      target.genesys?.provider,
    );
    const what = sent.anonymous ? 'an anonymous visitor' : 'this customer';
    // Provider web-messaging sends Genesys only customers that have an id in the CRM.
    if (Object.keys(sent.fields).length === 0)
      print(terminal, 'Genesys would be sent nothing about the visitor.');
    else print(terminal, `Genesys would be sent ${what}:`);
    for (const [name, value] of Object.entries(sent.fields)) {
      print(terminal, `  ${name}: ${shownValue(value, show || sent.anonymous)}`);
    }
    const registrations = await findRegistrations(tables, hashes, nowMs);
    if (tables.guestTableName !== undefined)
      print(terminal, registrations.length > 0 ? 'Registry:' : 'Registry: nothing');
    for (const registration of registrations) {
      for (const line of describeRegistration(registration, sent.digest, nowMs)) print(terminal, `  ${line}`);
    }
    if (used === undefined) {
      print(terminal, 'Why the visitor is not recognised:');
      const known = [...records.values()];
      if (known.some(({ kind }) => kind === 'expired')) {
        print(
          terminal,
          '  The record has expired: import the customer again, with a later expiresAt or --ttl.',
        );
      } else if (known.some(({ kind }) => kind === 'invalid')) {
        print(
          terminal,
          '  The record breaks the schema: import the customer again with this tool, which checks it.',
        );
      } else {
        for (const cause of await likelyCauses(tables, sessionId, keys, target.label, nowMs))
          print(terminal, `  ${cause}`);
      }
    }
    return used !== undefined;
  } finally {
    client.destroy();
  }
};
