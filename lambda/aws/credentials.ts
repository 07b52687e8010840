import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as v from 'valibot';
import { deadlineExceeded } from '../guest/errors.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import { abortable } from './abortable.ts';
import type { AwsEvent } from './events.ts';
import { failureReason } from './failure-reason.ts';
import { type GenesysSecret, secretSchema } from './secret-schema.ts';

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
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue) ?? 'secret';
  const rule = field === 'secret' ? 'must be a JSON object' : issue.message;
  throw new SecretError('secret_malformed', `${field} of the secret ${rule}.`, field);
};

export interface CredentialsOptions {
  readonly client: SecretsManagerClient;
  /** Name or ARN. */
  readonly secretId: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry<AwsEvent>;
  /** A secret this old is read again, without anybody waiting for it. */
  readonly staleAfterMs?: number;
  /** Longest that one read may take. */
  readonly readTimeoutMs?: number;
}

/** All methods throw SecretError when there is no usable secret, GuestError when the deadline ends first. */
export interface Credentials {
  current(deadline: Deadline): Promise<GenesysSecret>;
  /** Reads the secret again because Genesys refused it. `changed`: it is another one than before. */
  refresh(deadline: Deadline): Promise<{ readonly secret: GenesysSecret; readonly changed: boolean }>;
  /**
   * Reads the secret again because no known key made a signature; `undefined` when that brought nothing new,
   * and for a while after: signatures cost their maker nothing.
   */
  refreshForSignature(deadline: Deadline): Promise<GenesysSecret | undefined>;
}

interface Known {
  readonly secret: GenesysSecret;
  readonly text: string;
  readonly readAtMs: number;
}

const retryAfterMs = 10_000;

/** The secret, read once for all callers and kept while it is fresh. Failures are not kept. */
export const createCredentials = ({
  client,
  secretId,
  clock,
  telemetry,
  staleAfterMs = 300_000,
  readTimeoutMs = 3000,
}: CredentialsOptions): Credentials => {
  let known: Known | undefined;
  let flight: Promise<Known> | undefined;
  let noBackgroundReadBeforeMs = 0;
  let noSignatureReadBeforeMs = 0;

  const fetchText = async (): Promise<string> => {
    const { signal, clear } = clock.timeout(readTimeoutMs);
    try {
      const sending = client.send(new GetSecretValueCommand({ SecretId: secretId }), { abortSignal: signal });
      const { SecretString } = await abortable(sending, signal);
      return SecretString ?? '';
    } catch (error) {
      telemetry.record('secret_unavailable', {
        reason: failureReason(signal.aborted ? signal.reason : error),
      });
      throw new SecretError('secret_unavailable', 'The secret cannot be read.', undefined, { cause: error });
    } finally {
      clear();
    }
  };

  const readOnce = async (): Promise<Known> => {
    const text = await fetchText();
    try {
      const secret = text === known?.text ? known.secret : parseSecret(text);
      if (known !== undefined && text !== known.text) telemetry.record('secret_changed');
      known = { secret, text, readAtMs: clock.now() };
      return known;
    } catch (error) {
      if (error instanceof SecretError) {
        telemetry.record('secret_invalid', { code: error.code, field: error.field });
      }
      throw error;
    }
  };

  /** Joins the read under way or starts one; no caller's deadline ends it for the others. */
  const read = (): Promise<Known> => {
    if (flight !== undefined) return flight;
    const started = readOnce().finally(() => {
      flight = undefined;
    });
    // Its callers may all have left before it fails.
    started.catch(() => undefined);
    flight = started;
    return started;
  };

  const within = async <T>(work: Promise<T>, { signal }: Deadline): Promise<T> => {
    try {
      return await abortable(work, signal);
    } catch (error) {
      throw signal.aborted && !(error instanceof SecretError) ? deadlineExceeded(error) : error;
    }
  };

  const readInBackground = (): void => {
    noBackgroundReadBeforeMs = clock.now() + retryAfterMs;
    void read().catch(() => undefined);
  };

  return {
    current: async (deadline) => {
      if (known === undefined) return (await within(read(), deadline)).secret;
      const nowMs = clock.now();
      if (nowMs - known.readAtMs >= staleAfterMs && nowMs >= noBackgroundReadBeforeMs) readInBackground();
      return known.secret;
    },

    refresh: async (deadline) => {
      const before = known?.text;
      const underWay = flight !== undefined;
      let newest = await within(read(), deadline);
      // A read that had started before may have been answered before the rotation.
      if (underWay && newest.text === before) newest = await within(read(), deadline);
      return { secret: newest.secret, changed: newest.text !== before };
    },

    refreshForSignature: async (deadline) => {
      if (clock.now() < noSignatureReadBeforeMs) return undefined;
      const before = known?.text;
      try {
        const newest = await within(read(), deadline);
        if (newest.text !== before) return newest.secret;
      } catch (error) {
        // The known keys still hold: the signature is what is at fault, as far as anybody can tell.
        if (!(error instanceof SecretError) || known === undefined) throw error;
      }
      noSignatureReadBeforeMs = clock.now() + retryAfterMs;
      return undefined;
    },
  };
};
