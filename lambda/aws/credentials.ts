import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { deadlineExceeded } from '../guest/errors.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import { abortable } from './abortable.ts';
import type { AwsEvent } from './events.ts';
import { failureReason } from './failure-reason.ts';
import { type GenesysSecret, parseSecret, SecretError } from './genesys-secret.ts';

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
