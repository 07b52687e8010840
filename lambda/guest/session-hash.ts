import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';

/** One way of hashing a session id: keyed, or `plain` (the unkeyed hash, while a first key is introduced). */
export type SessionHashKey =
  | { readonly id: string; readonly key: Uint8Array }
  | { readonly id: 'plain'; readonly key?: undefined };

/** Hashes of one session, the newest key's first. All tables are keyed by them. */
export type SessionHashes = readonly [newest: string, ...older: string[]];

/** One session, as everything behind the edge knows it. */
export interface SessionIdentity {
  readonly hashes: SessionHashes;
  /**
   * The same whatever the hash keys are; undefined where the raw id is not at hand (the overflow worker).
   * What is sealed is bound to it. Never stored, logged or sent.
   */
  readonly binding: string | undefined;
}

const plainHash = (sessionId: string): string => hash('sha256', sessionId, 'hex');

// Preparing a key costs several times the hash itself; an import hashes millions of ids under the same one.
const preparedKeys = new WeakMap<Uint8Array, KeyObject>();

const prepared = (key: Uint8Array): KeyObject => {
  const known = preparedKeys.get(key);
  if (known !== undefined) return known;
  const made = createSecretKey(key);
  preparedKeys.set(key, made);
  return made;
};

/**
 * Hashes a session id under each key, newest first.
 * @returns lower-case hex SHA-256 (FIPS 180-4) without keys; `<id>:<hex HMAC-SHA-256>` (RFC 2104) under a key.
 */
export const hashSession = (sessionId: string, keys: readonly SessionHashKey[]): SessionHashes => {
  const hashes = keys.map(({ id, key }) =>
    key === undefined
      ? plainHash(sessionId)
      : `${id}:${createHmac('sha256', prepared(key)).update(sessionId, 'utf8').digest('hex')}`,
  );
  const [newest, ...older] = hashes;
  return newest === undefined ? [plainHash(sessionId)] : [newest, ...older];
};

/** Hashes and binding of a session id. */
export const identifySession = (sessionId: string, keys: readonly SessionHashKey[]): SessionIdentity => ({
  hashes: hashSession(sessionId, keys),
  binding: plainHash(sessionId),
});

/** The first 8 hex digits of a session hash, those after `<id>:` where it is keyed. */
export const shortHash = (sessionHash: string): string =>
  sessionHash.slice(sessionHash.lastIndexOf(':') + 1).slice(0, 8);

/** Id of the key that a session hash was made under; `plain` for the unkeyed one. */
export const keyIdOf = (sessionHash: string): string =>
  sessionHash.includes(':') ? sessionHash.slice(0, sessionHash.lastIndexOf(':')) : 'plain';

/** Whether a text is a session hash as `hashSession` makes it. */
export const isSessionHash = (text: string): boolean => /^(?:[^:\s]+:)?[0-9a-f]{64}$/.test(text);
