import type { CrmRecord } from '../../lambda/guest/crm-record.ts';
import { hashSession, isSessionHash, keyIdOf, type SessionHashKey } from '../../lambda/guest/session-hash.ts';
import { toNumber } from './cell-value.ts';
import { type Candidate, checkRecord, type Fault, sessionIdFault } from './record-check.ts';

/** A row that may be written: its key and its record. The raw session id is not kept. */
export interface Customer {
  readonly line: number;
  readonly sessionHash: string;
  readonly record: CrmRecord;
}

/** What a row says, before any of it was checked; texts of CSV are turned into numbers where one is expected. */
export interface Draft {
  sessionId?: unknown;
  sessionHash?: unknown;
  candidate: Candidate;
  /** Faults of single cells that the record's schema cannot see. */
  faults: Fault[] | undefined;
  /** Whether all attributes are known to be texts, numbers or true/false. */
  scalars: boolean;
}

export interface CustomerRules {
  readonly hashKeys: readonly SessionHashKey[];
  /** Expiry of rows that have none, epoch seconds. */
  readonly defaultExpiresAt: number | undefined;
  readonly requireUpdatedAt: boolean;
  /** Whether a hash must be one that these keys make: then the keys are those of the target. */
  readonly knownKeys: boolean;
}

const isoDate = /^\d{4}-\d{2}-\d{2}(?:T.*)?$/;

/** Epoch seconds from a number, its text, or an ISO date (without a zone: UTC); anything else is for the schema to refuse. */
export const toEpochSeconds = (value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  if (isoDate.test(value)) {
    const hasZone = value.length === 10 || /(?:Z|[+-]\d{2}:?\d{2})$/.test(value);
    const ms = Date.parse(hasZone ? value : `${value}Z`);
    if (!Number.isNaN(ms)) return Math.floor(ms / 1000);
  }
  return toNumber(value) ?? value;
};

const maxItemBytes = 400 * 1024;

/** Whether DynamoDB's limit for an item could be near; counted exactly only then. */
const isTooLarge = (record: CrmRecord, sessionHash: string): boolean => {
  let chars = 0;
  const { attributes, firstName = '', tier = '', crmId = '' } = record;
  for (const name in attributes) {
    const value = attributes[name];
    chars += name.length + (typeof value === 'string' ? value.length : 21);
  }
  chars += firstName.length + tier.length + crmId.length;
  if (chars < maxItemBytes / 4) return false;
  return Buffer.byteLength(JSON.stringify({ sessionHash, ...record })) > maxItemBytes;
};

const hashOf = ({ sessionId, sessionHash }: Draft, rules: CustomerRules): string | Fault => {
  const { hashKeys, knownKeys } = rules;
  if (sessionId !== undefined && sessionId !== '') {
    if (typeof sessionId !== 'string') return { field: 'sessionId', message: 'must be a text' };
    const fault = sessionIdFault(sessionId);
    if (fault !== undefined) return { field: 'sessionId', message: fault };
    const [hash] = hashSession(sessionId, hashKeys);
    return sessionHash === undefined || sessionHash === '' || sessionHash === hash
      ? hash
      : { field: 'sessionHash', message: 'is not the hash of the sessionId beside it' };
  }
  if (sessionHash === undefined || sessionHash === '') {
    return { field: 'sessionId', message: 'is missing (and so is sessionHash)' };
  }
  if (typeof sessionHash !== 'string') return { field: 'sessionHash', message: 'must be a text' };
  // Databases such as SQL Server write hexadecimal digits in capitals.
  const hash = sessionHash.replace(/[0-9A-F]{64}$/i, (digest) => digest.toLowerCase());
  if (!isSessionHash(hash)) {
    return {
      field: 'sessionHash',
      message: 'must be 64 hexadecimal digits, after "<key id>:" where it is keyed',
    };
  }
  if (knownKeys && !isMadeBy(hash, hashKeys)) {
    return { field: 'sessionHash', message: 'was made under a key that this environment does not use' };
  }
  return hash;
};

/** Whether the function would look such a hash up. */
const isMadeBy = (hash: string, keys: readonly SessionHashKey[]): boolean => {
  const id = keyIdOf(hash);
  return keys.length === 0 ? id === 'plain' : keys.some((key) => key.id === id);
};

/** The customer of a row, or everything that is wrong with it. */
export const toCustomer = (line: number, draft: Draft, rules: CustomerRules): Customer | readonly Fault[] => {
  const { candidate, faults } = draft;
  if (candidate.expiresAt === undefined && rules.defaultExpiresAt !== undefined) {
    candidate.expiresAt = rules.defaultExpiresAt;
  }
  const sessionHash = hashOf(draft, rules);
  const record = checkRecord(candidate, draft.scalars);
  if (typeof sessionHash === 'string' && isRecord(record) && faults === undefined) {
    if (rules.requireUpdatedAt && record.updatedAt === undefined) {
      return [{ field: 'updatedAt', message: 'is missing (--if-newer compares it)' }];
    }
    if (isTooLarge(record, sessionHash)) return [{ field: 'row', message: 'is larger than 400 KB' }];
    return { line, sessionHash, record };
  }
  return [
    ...(typeof sessionHash === 'string' ? [] : [sessionHash]),
    ...(faults ?? []),
    ...(isRecord(record)
      ? []
      : record.filter(({ field }) => faults?.some((fault) => fault.field === field) !== true)),
  ];
};

const isRecord = (checked: CrmRecord | readonly Fault[]): checked is CrmRecord => !Array.isArray(checked);
