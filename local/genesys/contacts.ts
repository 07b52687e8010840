import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import { type Answer, refuse } from './answer.ts';
import { parseJsonBody } from './json-body.ts';

const text = v.pipe(v.string(), v.minLength(1));
const externalSource = v.strictObject({ id: text, name: v.optional(text) });
const identifierSchema = v.pipe(
  v.strictObject({
    type: v.picklist(['ExternalId', 'Email', 'Phone', 'Cookie', 'SocialLine', 'SocialWhatsapp']),
    value: text,
    externalSource: v.optional(externalSource),
  }),
  v.check(({ type, externalSource: source }) => type !== 'ExternalId' || source !== undefined),
);
// The parts of Genesys' ExternalContact that a middleware has a reason to send.
const contactSchema = v.strictObject({
  firstName: v.optional(v.string()),
  middleName: v.optional(v.string()),
  lastName: v.optional(v.string()),
  salutation: v.optional(v.string()),
  title: v.optional(v.string()),
  externalSystemUrl: v.optional(v.string()),
  personalEmail: v.optional(v.string()),
  workEmail: v.optional(v.string()),
  otherEmail: v.optional(v.string()),
  externalIds: v.optional(v.array(v.strictObject({ externalSource, value: text }))),
  schema: v.optional(v.looseObject({ id: text })),
  customFields: v.optional(v.record(v.string(), v.unknown())),
});
const enrichSchema = v.strictObject({
  matchingIdentifiers: v.pipe(v.array(identifierSchema), v.minLength(1)),
  action: v.picklist(['Create', 'Update', 'Upsert']),
  contact: v.optional(contactSchema),
  fieldRules: v.optional(
    v.strictObject({
      defaultAction: v.optional(v.picklist(['PreferProvided', 'PreferExisting'])),
      rules: v.optional(v.array(v.unknown())),
      defaultArrayAction: v.optional(v.string()),
    }),
  ),
});

type Contact = v.InferOutput<typeof contactSchema>;
type Identifier = v.InferOutput<typeof identifierSchema>;

export type SimulatedContact = Contact & { readonly id: string; readonly identifiers: readonly string[] };

export interface Contacts {
  readonly all: ReadonlyMap<string, SimulatedContact>;
  enrich(contentType: string, body: string, dryRun: boolean): Answer;
  lookup(contentType: string, body: string): Answer;
  /** The contact that callers see. */
  read(id: string): Answer;
  delete(id: string): Answer;
  clear(): void;
}

const keyOf = ({ type, value, externalSource: source }: Identifier): string =>
  [type, source?.id ?? '', value].join('|');
const keysIn = ({ externalIds = [] }: Contact): readonly string[] =>
  externalIds.map(({ externalSource: source, value }) =>
    keyOf({ type: 'ExternalId', externalSource: source, value }),
  );
const shown = ({ identifiers: _, ...contact }: SimulatedContact) => ({
  ...contact,
  type: 'Ephemeral',
  selfUri: `/api/v2/externalcontacts/contacts/${contact.id}`,
});

/** External contacts: enrich, look up by identifier, delete. */
export const createContacts = (): Contacts => {
  const all = new Map<string, SimulatedContact>();
  const find = (keys: readonly string[]): SimulatedContact | undefined =>
    [...all.values()].find(({ identifiers }) => identifiers.some((key) => keys.includes(key)));
  return {
    all,
    enrich: (contentType, body, dryRun) => {
      const request = parseJsonBody(contentType, body, enrichSchema);
      const { matchingIdentifiers, action, contact = {}, fieldRules } = request;
      const keys = matchingIdentifiers.map(keyOf);
      const existing = find(keys);
      if (existing === undefined && action === 'Update') {
        throw refuse(404, 'not.found', 'No contact matches the identifiers');
      }
      if (existing !== undefined && action === 'Create') {
        throw refuse(409, 'contact.already.exists', 'A contact matches the identifiers');
      }
      const preferExisting = fieldRules?.defaultAction === 'PreferExisting';
      const merged: SimulatedContact = {
        ...(preferExisting ? { ...contact, ...existing } : { ...existing, ...contact }),
        id: existing?.id ?? randomUUID(),
        identifiers: [...new Set([...(existing?.identifiers ?? []), ...keys, ...keysIn(contact)])],
      };
      if (!dryRun) all.set(merged.id, merged);
      return { status: existing === undefined ? 201 : 200, body: shown(merged) };
    },
    lookup: (contentType, body) => {
      const found = find([keyOf(parseJsonBody(contentType, body, identifierSchema))]);
      if (found === undefined) throw refuse(404, 'not.found', 'No contact has this identifier');
      return { status: 200, body: shown(found) };
    },
    read: (id) => {
      const found = all.get(id);
      if (found === undefined) throw refuse(404, 'not.found', 'The contact does not exist');
      return { status: 200, body: shown(found) };
    },
    delete: (id) => {
      if (!all.delete(id)) throw refuse(404, 'not.found', 'The contact does not exist');
      return { status: 200, body: {} };
    },
    clear: () => all.clear(),
  };
};
