import * as v from 'valibot';
import type { SessionHashKey } from '../guest/session-hash.ts';

const shortestKeyBytes = 32;
const mostKeys = 2;

const text = v.pipe(v.string('must be a string'), v.minLength(1, 'must not be empty'));
const key = v.pipe(
  text,
  v.base64('must be base64'),
  v.transform((value): Uint8Array => Buffer.from(value, 'base64')),
  v.check(
    (bytes) => bytes.byteLength >= shortestKeyBytes,
    `must be at least ${shortestKeyBytes} bytes in base64`,
  ),
);
const keyId = v.pipe(
  text,
  v.regex(/^[^:\s]+$/, 'must not contain ":" or white space'),
  // It is part of every hash, and of the guest references, which have a longest length.
  v.maxLength(64, 'must be at most 64 characters'),
);

const sessionHashKey = v.pipe(
  v.object({ id: keyId, key: v.optional(key) }, 'must be an object'),
  v.forward(
    v.check(
      ({ id, key: bytes }) => (id === 'plain') === (bytes === undefined),
      'is required, except with the id "plain", which takes none',
    ),
    ['key'],
  ),
  v.transform(
    ({ id, key: bytes }): SessionHashKey => (bytes === undefined ? { id: 'plain' } : { id, key: bytes }),
  ),
);

const atMost = `must be a list of at most ${mostKeys}, newest first`;

type Keys = Pick<GenesysSecret, 'sessionHashKeys' | 'sessionSigningKeys' | 'externalIdKey'>;

/** The field of a key that another one is equal to; a hash is logged: under a key that also signs, it would be a signature. */
const fieldOfRepeatedKey = ({
  sessionHashKeys,
  sessionSigningKeys,
  externalIdKey,
}: Keys): string | undefined => {
  const keys = [
    ...sessionHashKeys.map(({ key: bytes }) => ['sessionHashKeys', bytes] as const),
    ...sessionSigningKeys.map((bytes) => ['sessionSigningKeys', bytes] as const),
    ['externalIdKey', externalIdKey] as const,
  ];
  const seen = new Set<string>();
  for (const [field, bytes] of keys) {
    if (bytes === undefined) continue;
    const text = Buffer.from(bytes).toString('base64');
    if (seen.has(text)) return field;
    seen.add(text);
  }
  return undefined;
};

/** The secret as operators write it. Messages name rules, never values: they reach logs. */
const secretSchema = v.object(
  {
    clientId: text,
    clientSecret: text,
    sessionHashKeys: v.pipe(
      v.optional(v.array(sessionHashKey, atMost), []),
      v.maxLength(mostKeys, atMost),
      v.check((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, 'must have different ids'),
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

export type SecretErrorCode = 'secret_unavailable' | 'secret_malformed' | 'secret_placeholder';

/** The secret cannot be used. Names the field at fault, never a value. */
export class SecretError extends Error {
  override readonly name = 'SecretError';

  constructor(
    readonly code: SecretErrorCode,
    message: string,
    readonly field?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const placeholder = /^\s*REPLACE_ME/;

/** Path of the first field of the secret that nobody has filled in yet. */
const placeholderField = (value: unknown, path: readonly string[] = []): string | undefined => {
  if (typeof value === 'string') return placeholder.test(value) ? path.join('.') || 'secret' : undefined;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, part] of Object.entries(value)) {
    const found = placeholderField(part, [...path, name]);
    if (found !== undefined) return found;
  }
  return undefined;
};

/**
 * The secret of its JSON text.
 * @throws SecretError `secret_malformed` or `secret_placeholder`
 */
export const parseSecret = (text: string): GenesysSecret => {
  let values: unknown = text;
  try {
    values = JSON.parse(text);
  } catch {
    if (!placeholder.test(text))
      throw new SecretError('secret_malformed', 'The secret is not JSON.', 'secret');
  }
  if (typeof values === 'object' && values !== null) {
    // Only what we read: an operator's own notes beside it are none of our business.
    values = Object.fromEntries(
      Object.entries(values).filter(([name]) => Object.hasOwn(secretSchema.entries, name)),
    );
  }
  const unfilled = placeholderField(values);
  if (unfilled !== undefined) {
    throw new SecretError(
      'secret_placeholder',
      `${unfilled} of the secret is still a placeholder.`,
      unfilled,
    );
  }
  const parsed = v.safeParse(secretSchema, values);
  if (parsed.success) {
    const repeated = fieldOfRepeatedKey(parsed.output);
    if (repeated !== undefined) {
      const message = `${repeated} of the secret repeats another key.`;
      throw new SecretError('secret_malformed', message, repeated);
    }
    return parsed.output;
  }
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue) ?? 'secret';
  const rule = field === 'secret' ? 'must be a JSON object' : issue.message;
  throw new SecretError('secret_malformed', `${field} of the secret ${rule}.`, field);
};
