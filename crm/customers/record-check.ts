import * as v from 'valibot';
import { sessionIdSchema } from '../../lambda/contract.ts';
import { type CrmRecord, crmRecordSchema } from '../../lambda/guest/crm-record.ts';

/** What is wrong with a field of a row. Names the rule, never the value. */
export interface Fault {
  readonly field: string;
  readonly message: string;
}

// Not a count in the expression ({1,256}): it would take twice as long.
const unprintable = /[^\x20-\x7e]/;

/** Why a session id cannot be one; undefined when it can. The rule is the function's own schema. */
export const sessionIdFault = (sessionId: string): string | undefined =>
  sessionId.length > 0 && sessionId.length <= 256 && !unprintable.test(sessionId)
    ? undefined
    : v.safeParse(sessionIdSchema, sessionId).issues?.[0]?.message;

// ASCII only: ranges are quicker to test than what `\s` stands for.
const email = /^[!-?A-~]+@[!-?A-~]+$/;
// Without 29 February: whether there is one is for the schema to say.
const utcDate =
  /^\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,3})?Z$/;

const isOptionalText = (value: unknown): boolean => value === undefined || typeof value === 'string';
const isOptionalCount = (value: unknown): boolean =>
  value === undefined || (Number.isSafeInteger(value) && (value as number) >= 0);

const areScalars = (attributes: Readonly<Record<string, unknown>>): boolean => {
  for (const name in attributes) {
    const value = attributes[name];
    if (typeof value !== 'string' && typeof value !== 'boolean' && !Number.isFinite(value)) return false;
  }
  return true;
};

/** A record before it was checked. */
export interface Candidate {
  email: unknown;
  firstName?: unknown;
  tier?: unknown;
  previousTickets?: unknown;
  crmId?: unknown;
  updatedAt?: unknown;
  expiresAt?: unknown;
  attributes?: Record<string, unknown> | undefined;
}

/**
 * Whether a record is so plainly valid that the schema need not be asked: four times faster, and never
 * true where the schema says no (a property test compares them).
 * @param scalars whether the attributes are known to be texts, numbers that can be kept, or true/false
 */
export const isPlainlyValid = (candidate: Candidate, scalars = false): boolean =>
  typeof candidate.email === 'string' &&
  candidate.email.length <= 254 &&
  email.test(candidate.email) &&
  isOptionalText(candidate.firstName) &&
  isOptionalText(candidate.tier) &&
  isOptionalCount(candidate.previousTickets) &&
  (candidate.crmId === undefined || (typeof candidate.crmId === 'string' && candidate.crmId !== '')) &&
  (candidate.updatedAt === undefined ||
    (typeof candidate.updatedAt === 'string' && utcDate.test(candidate.updatedAt))) &&
  isOptionalCount(candidate.expiresAt) &&
  (candidate.attributes === undefined || scalars || areScalars(candidate.attributes));

/** The record, or every fault of it, by the schema that the function reads with. */
export const checkRecord = (candidate: Candidate, scalars: boolean): CrmRecord | readonly Fault[] => {
  if (isPlainlyValid(candidate, scalars)) return candidate as CrmRecord;
  const { success, issues, output } = v.safeParse(crmRecordSchema, candidate);
  if (success) return output;
  return issues.map((issue) => {
    const [field, entry] = issue.path ?? [];
    const name = String(field?.key ?? 'row');
    return {
      field: name === 'attributes' && entry !== undefined ? String(entry.key) : name,
      message: name === 'email' && candidate.email === undefined ? 'is missing' : issue.message,
    };
  });
};
