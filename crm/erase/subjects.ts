import { hashSession, isSessionHash, type SessionHashKey } from '../../lambda/guest/session-hash.ts';
import { sessionIdFault } from '../customers/record-check.ts';
import { UserError } from '../terminal/problem.ts';

/** Whom somebody asked to be erased: one session, or all sessions of a customer. */
export interface Subject {
  /** Where the name was given: an option, or a line of the list. */
  readonly from: string;
  readonly kind: 'session' | 'customer';
  /** Of a session: every hash that it may be stored under. */
  readonly hashes: readonly string[];
  /** Of a customer: the id as it was given and, where that differs, without the blanks around it. */
  readonly crmIds: readonly string[];
  /** The name as it was read, for the question that is asked before. Never written anywhere. */
  readonly shown: string;
}

/** Every hash that a session may be stored under: by the keys in use, and without a key. */
export const allHashes = (sessionId: string, keys: readonly SessionHashKey[]): string[] => [
  ...new Set([...hashSession(sessionId, keys), ...hashSession(sessionId, [])]),
];

const withAndWithoutBlanks = (name: string): readonly string[] => [
  ...new Set([name, name.trim()].filter((candidate) => candidate !== '')),
];

/** @throws UserError when it cannot be a session id */
export const sessionSubject = (sessionId: string, keys: readonly SessionHashKey[], from: string): Subject => {
  const fault = sessionIdFault(sessionId);
  if (fault !== undefined) throw new UserError(`A session id ${fault}.`);
  const hashes = withAndWithoutBlanks(sessionId).flatMap((id) => allHashes(id, keys));
  return { from, kind: 'session', hashes, crmIds: [], shown: sessionId };
};

/** @throws UserError when it is not a session hash */
export const hashSubject = (text: string, from: string): Subject => {
  const hash = text.trim().replace(/[0-9A-F]{64}$/i, (digest) => digest.toLowerCase());
  if (!isSessionHash(hash)) {
    throw new UserError('A session hash is 64 hexadecimal digits, after "<key id>:" where it is keyed.');
  }
  return { from, kind: 'session', hashes: [hash], crmIds: [], shown: hash };
};

/** @throws UserError when it is empty */
export const customerSubject = (crmId: string, from: string): Subject => {
  const crmIds = withAndWithoutBlanks(crmId);
  if (crmIds.length === 0) throw new UserError('A customer id must not be empty.');
  return { from, kind: 'customer', hashes: [], crmIds, shown: crmId };
};

/** Names that were given twice are one subject, which knows all the places. */
export const withoutRepeats = (subjects: readonly Subject[]): readonly Subject[] => {
  const byName = new Map<string, Subject>();
  for (const subject of subjects) {
    const name = JSON.stringify([subject.kind, subject.hashes, subject.crmIds]);
    const before = byName.get(name);
    byName.set(name, before === undefined ? subject : { ...before, from: `${before.from}, ${subject.from}` });
  }
  return [...byName.values()];
};
