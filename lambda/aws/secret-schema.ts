import * as v from 'valibot';
import type { SessionHashKey } from '../guest/session-hash.ts';

const shortestHashKeyBytes = 32;
const mostKeys = 2;

const text = v.pipe(v.string('must be a string'), v.minLength(1, 'must not be empty'));
const key = v.pipe(
  text,
  v.base64('must be base64'),
  v.transform((value): Uint8Array => Buffer.from(value, 'base64')),
);
const keyId = v.pipe(text, v.regex(/^[^:\s]+$/, 'must not contain ":" or white space'));

const sessionHashKey = v.union(
  [
    v.strictObject({ id: v.literal('plain') }),
    v.object({
      id: v.pipe(keyId, v.notValue('plain')),
      key: v.pipe(
        key,
        v.check((bytes) => bytes.byteLength >= shortestHashKeyBytes),
      ),
    }),
  ],
  `must be { id, key } with a base64 key of at least ${shortestHashKeyBytes} bytes and an id without ":" or white space, or { "id": "plain" }`,
);

const atMost = `must be a list of at most ${mostKeys}, newest first`;

/** The secret as operators write it. Messages name rules, never values: they reach logs. */
export const secretSchema = v.object(
  {
    clientId: text,
    clientSecret: text,
    sessionHashKeys: v.pipe(
      v.optional(v.array(sessionHashKey, atMost), []),
      v.maxLength(mostKeys, atMost),
      v.check((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, 'must have different ids'),
      v.transform((keys): readonly SessionHashKey[] => keys),
    ),
    sessionSigningKeys: v.pipe(v.optional(v.array(key, atMost), []), v.maxLength(mostKeys, atMost)),
    externalIdKey: v.optional(key),
  },
  'is required',
);

/** What the secret holds. */
export type GenesysSecret = Readonly<
  Omit<v.InferOutput<typeof secretSchema>, 'sessionSigningKeys'> & {
    readonly sessionSigningKeys: readonly Uint8Array[];
  }
>;
