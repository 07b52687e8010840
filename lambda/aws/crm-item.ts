import type { AttributeValue as Attribute } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as v from 'valibot';
import { type CrmRecord, crmRecordSchema } from '../guest/crm-record.ts';

/** An item of the CRM table, read: a record, or the names of the fields that break the schema. */
export type ReadItem =
  | { readonly ok: true; readonly record: CrmRecord }
  | { readonly ok: false; readonly badFields: readonly string[] };

/** The record of an item of the CRM table. Never throws: a number beyond JavaScript's range is a bad field. */
export const recordFromItem = (item: Readonly<Record<string, Attribute>>): ReadItem => {
  const badFields = new Set<string>();
  const fields: Record<string, unknown> = {};
  for (const [name, attribute] of Object.entries(item)) {
    if (!(name in crmRecordSchema.entries)) continue;
    try {
      fields[name] = unmarshall({ value: attribute })['value'];
    } catch {
      badFields.add(name);
    }
  }
  const parsed = v.safeParse(crmRecordSchema, fields);
  if (parsed.success && badFields.size === 0) return { ok: true, record: parsed.output };
  for (const issue of parsed.issues ?? []) badFields.add(String(issue.path?.[0]?.key ?? 'item'));
  return { ok: false, badFields: [...badFields].sort() };
};

/** The item that holds a record under a session hash. */
export const itemFromRecord = (sessionHash: string, record: CrmRecord): Record<string, Attribute> =>
  marshall({ sessionHash, ...record }, { removeUndefinedValues: true });
