import { hashSession, type SessionHashKey } from '../../lambda/guest/session-hash.ts';
import { findRecords, sampledKeyIds, type Tables } from './lookup.ts';

/** Other spellings of a session id that often reach a spreadsheet instead of it. */
export const variantsOf = (sessionId: string): ReadonlyMap<string, string> => {
  const decoded = (() => {
    try {
      return decodeURIComponent(sessionId);
    } catch {
      return sessionId;
    }
  })();
  const candidates: [string, string][] = [
    [sessionId.trim(), 'without the white space around it'],
    [sessionId.replace(/\s+/g, ''), 'without the white space in it'],
    [sessionId.replace(/^["']|["']$/g, ''), 'without the quotation marks around it'],
    [`${sessionId} `, 'with a space behind it'],
    [` ${sessionId}`, 'with a space before it'],
    [sessionId.toLowerCase(), 'in small letters'],
    [sessionId.toUpperCase(), 'in capital letters'],
    [decoded, 'with its %-codes decoded'],
    [encodeURIComponent(sessionId), 'with %-codes'],
    [sessionId.normalize('NFC'), 'in Unicode form NFC'],
  ];
  const variants = new Map<string, string>();
  for (const [variant, description] of candidates) {
    if (variant !== sessionId && variant !== '' && !variants.has(variant)) variants.set(variant, description);
  }
  return variants;
};

const keyCause = (ids: ReadonlyMap<string, number>, keys: readonly SessionHashKey[]): string | undefined => {
  const known = keys.length === 0 ? ['plain'] : keys.map(({ id }) => id);
  const unknown = [...ids.keys()].filter((id) => !known.includes(id));
  if (unknown.length === 0) return undefined;
  const named = (list: readonly string[]): string =>
    list.map((id) => (id === 'plain' ? 'no key' : `key ${id}`)).join(' and ');
  return `The hash key was rotated, or introduced: records of this table are under ${named(unknown)}, the function looks under ${named(known)}. Import the customers again.`;
};

/**
 * Why a session has no record that the function can use, as sentences, most likely first.
 * @param keys that the function hashes with
 */
export const likelyCauses = async (
  tables: Tables,
  sessionId: string,
  keys: readonly SessionHashKey[],
  label: string,
  nowMs: number,
): Promise<string[]> => {
  const causes: string[] = [];
  const [plain] = hashSession(sessionId, []);
  const variants = [...variantsOf(sessionId)];
  const hashes = variants.map(([variant]) => hashSession(variant, keys)[0]);
  const found = await findRecords(tables, [...new Set([plain, ...hashes])], nowMs);
  const exists = (hash: string | undefined): boolean => {
    const kind = hash === undefined ? undefined : found.get(hash)?.kind;
    return kind === 'found' || kind === 'expired';
  };
  variants.forEach(([, description], index) => {
    if (exists(hashes[index]))
      causes.push(`There is a record for this id ${description}: correct the id in the import.`);
  });
  if (/^\s|\s$/.test(sessionId) && causes.length === 0) {
    causes.push('The id begins or ends with white space: the website most likely sends it without.');
  }
  if (keys.length > 0 && !keys.some(({ id }) => id === 'plain') && exists(plain)) {
    causes.push(
      'The record was imported without the hash key: import it again with --env, or with --secret-id.',
    );
  }
  const ids = await sampledKeyIds(tables);
  const byKey = keyCause(ids, keys);
  if (byKey !== undefined) causes.push(byKey);
  if (ids.size === 0)
    causes.push(`The table is empty: the customers were imported into another environment, not ${label}.`);
  else if (causes.length === 0) {
    causes.push(
      `Nothing like it is in ${label}. It was never imported, was imported into another environment, or has expired and been removed. Session ids change when a visitor deletes the cookies or uses another browser.`,
    );
  }
  return causes;
};
