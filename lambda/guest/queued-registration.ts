import * as v from 'valibot';
import { consentTypes } from './consent.ts';
import type { QueuedRegistration } from './ports.ts';
import { isSessionHash } from './session-hash.ts';

/** A message that no delivery can turn into a registration. Names the bad fields, no value. */
export class PoisonMessageError extends Error {
  override readonly name = 'PoisonMessageError';
}

const sessionHash = v.pipe(v.string(), v.check(isSessionHash));
const messageSchema: v.GenericSchema<unknown, QueuedRegistration> = v.object({
  sessionHash,
  olderHashes: v.pipe(v.array(sessionHash), v.maxLength(1)),
  provider: v.pipe(v.string(), v.minLength(1)),
  consent: v.object({
    given: v.boolean(),
    type: v.picklist(consentTypes),
    stated: v.optional(v.boolean(), true),
  }),
  queuedAtMs: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
});

/**
 * The registration of a message's body.
 * @throws PoisonMessageError
 */
export const parseQueuedRegistration = (body: string): QueuedRegistration => {
  let message: unknown;
  try {
    message = JSON.parse(body);
  } catch {
    throw new PoisonMessageError('The message is not JSON.');
  }
  const parsed = v.safeParse(messageSchema, message);
  if (parsed.success) return parsed.output;
  const fields = new Set(parsed.issues.map((issue) => v.getDotPath(issue) ?? 'message'));
  throw new PoisonMessageError(`The message breaks its schema: ${[...fields].sort().join(', ')}.`);
};

/** The body of a registration's message: no personal data, no token. */
export const formatQueuedRegistration = (registration: QueuedRegistration): string =>
  JSON.stringify(v.parse(messageSchema, registration));
