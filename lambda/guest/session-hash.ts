import { createHash, createHmac } from 'node:crypto';

/** One way of hashing a session id: keyed, or `plain` (the unkeyed hash, while a first key is introduced). */
export type SessionHashKey =
  | { readonly id: string; readonly key: Uint8Array }
  | { readonly id: 'plain'; readonly key?: undefined };

/** Hashes of one session, the newest key's first. All tables are keyed by them. */
export type SessionHashes = readonly [newest: string, ...older: string[]];

const plainHash = (sessionId: string): string => createHash('sha256').update(sessionId, 'utf8').digest('hex');

/**
 * Hashes a session id under each key, newest first.
 * @returns lower-case hex SHA-256 (FIPS 180-4) without keys; `<id>:<hex HMAC-SHA-256>` (RFC 2104) under a key.
 */
export const hashSession = (sessionId: string, keys: readonly SessionHashKey[]): SessionHashes => {
  const hashes = keys.map(({ id, key }) =>
    key === undefined
      ? plainHash(sessionId)
      : `${id}:${createHmac('sha256', key).update(sessionId, 'utf8').digest('hex')}`,
  );
  const [newest, ...older] = hashes;
  return newest === undefined ? [plainHash(sessionId)] : [newest, ...older];
};

/** The first 8 hex digits of a session hash, those after `<id>:` where it is keyed. */
export const shortHash = (sessionHash: string): string =>
  sessionHash.slice(sessionHash.lastIndexOf(':') + 1).slice(0, 8);

/** Whether a text is a session hash as `hashSession` makes it. */
export const isSessionHash = (text: string): boolean => /^(?:[^:\s]+:)?[0-9a-f]{64}$/.test(text);
