import type { CrmRecord } from '../../lambda/guest/crm-record.ts';
import { hashSession, isSessionHash, keyIdOf, type SessionHashKey } from '../../lambda/guest/session-hash.ts';
import { addFault, type Draft } from './draft.ts';
import { expiryFault } from './expiry.ts';
import { isTooLarge } from './item-size.ts';
import { checkRecord, type Fault, sessionIdFault } from './record-check.ts';

/** A row that may be written: its key and its record. The raw session id is not kept. */
export interface Customer {
  readonly line: number;
  readonly sessionHash: string;
  readonly record: CrmRecord;
  /** The same visitor under older keys, newest first; only where rules ask for it. */
  readonly olderHashes?: readonly string[];
}

export interface CustomerRules {
  readonly hashKeys: readonly SessionHashKey[];
  /** Expiry of rows that have none, epoch seconds. */
  readonly defaultExpiresAt: number | undefined;
  readonly requireUpdatedAt: boolean;
  /** Whether records under older keys matter, too. */
  readonly withOlderHashes: boolean;
  /** The time that ends are compared with, epoch seconds. */
  readonly nowSeconds: number;
  /** Whether a hash must be one that these keys make: then the keys are those of the target. */
  readonly knownKeys: boolean;
}

/** DynamoDB's limit for a partition key, in bytes. */
const maxKeyBytes = 2048;

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
  if (!isSessionHash(hash) || Buffer.byteLength(hash) > maxKeyBytes) {
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
  const { candidate } = draft;
  if (candidate.expiresAt === undefined && rules.defaultExpiresAt !== undefined) {
    candidate.expiresAt = rules.defaultExpiresAt;
  }
  const sessionHash = hashOf(draft, rules);
  const record = checkRecord(candidate, draft.scalars);
  const expiry = expiryFault(candidate.expiresAt, rules.nowSeconds);
  if (expiry !== undefined) addFault(draft, 'expiresAt', expiry);
  const { faults } = draft;
  if (typeof sessionHash === 'string' && isRecord(record) && faults === undefined) {
    if (rules.requireUpdatedAt && record.updatedAt === undefined) {
      return [{ field: 'updatedAt', message: 'is missing (--if-newer compares it)' }];
    }
    if (isTooLarge(record, sessionHash)) return [{ field: 'row', message: 'is larger than 400 KB' }];
    return rules.withOlderHashes && typeof draft.sessionId === 'string'
      ? { line, sessionHash, record, olderHashes: hashSession(draft.sessionId, rules.hashKeys).slice(1) }
      : { line, sessionHash, record };
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
