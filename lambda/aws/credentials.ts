import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { deadlineExceeded } from '../guest/errors.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import { abortable } from '../time/abortable.ts';
import { limitWaiting } from '../time/waiting-limit.ts';
import type { AwsEvent } from './events.ts';
import { failureReason } from './failure-reason.ts';
import { type GenesysSecret, parseSecret, SecretError } from './genesys-secret.ts';

export interface CredentialsOptions {
  readonly client: SecretsManagerClient;
  /** Name or ARN. */
  readonly secretId: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry<AwsEvent>;
}

/** All methods throw SecretError when there is no usable secret, GuestError when the deadline ends first. */
export interface Credentials {
  current(deadline: Deadline): Promise<GenesysSecret>;
  /** Reads the secret again because Genesys refused it. `changed`: it is another one than before. */
  refresh(deadline: Deadline): Promise<{ readonly secret: GenesysSecret; readonly changed: boolean }>;
  /**
   * Reads the secret again because nothing could be opened or verified with it; `undefined` when that brought
   * nothing new, and for a while after: rate-limited, since a forged text costs its maker nothing.
   */
  refreshForForgery(deadline: Deadline): Promise<GenesysSecret | undefined>;
}

interface Known {
  readonly secret: GenesysSecret;
  readonly text: string;
  readonly readAtMs: number;
}

/** A read of the stale secret that is under way. */
interface StaleRead {
  readonly startedAtMs: number;
  readonly ended: Promise<void>;
  /** A request has waited for it for as long as any may. */
  isSlow: boolean;
}

const retryAfterMs = 10_000;
/** Longest that a request waits for a secret that could not be read again beside an earlier one. */
const catchUpMs = 500;
/** A secret this old is read again: before the contract's five minutes, so that the read has ended by then. */
const staleAfterMs = 285_000;
/** Longest wait for one read. */
const readTimeoutMs = 3000;

/**
 * The secret, read once for all callers and kept while it is fresh. Failures are not kept.
 * A stale one is read again beside a request, which does not wait. Lambda may freeze the container before that
 * has ended: the read goes on with the next request, its time limit counts waiting only, and that request waits
 * for it, or for the next attempt where the connection did not survive.
 */
export const createCredentials = ({
  client,
  secretId,
  clock,
  telemetry,
}: CredentialsOptions): Credentials => {
  let known: Known | undefined;
  let flight: Promise<Known> | undefined;
  let flightStartedAtMs = 0;
  let noStaleReadBeforeMs = 0;
  let noForgeryReadBeforeMs = 0;
  let staleRead: StaleRead | undefined;
  /** The last read of the stale secret brought nothing, or nothing that is fresh: a freeze had interrupted it. */
  let overdue = false;

  const fetchText = async (): Promise<string> => {
    const { signal, clear } = limitWaiting(clock, readTimeoutMs);
    try {
      const sending = client.send(new GetSecretValueCommand({ SecretId: secretId }), { abortSignal: signal });
      const { SecretString } = await abortable(sending, signal);
      return SecretString ?? '';
    } catch (error) {
      const reason = failureReason(signal.aborted ? signal.reason : error);
      // Only a container without a secret fails its requests.
      telemetry.record(known === undefined ? 'secret_unavailable' : 'secret_stale', { reason });
      throw new SecretError('secret_unavailable', 'The secret cannot be read.', undefined, { cause: error });
    } finally {
      clear();
    }
  };

  const readOnce = async (): Promise<Known> => {
    // Of before the read: a freeze may keep its response for hours.
    const readAtMs = clock.now();
    const text = await fetchText();
    try {
      const secret = text === known?.text ? known.secret : parseSecret(text);
      if (known !== undefined && text !== known.text) telemetry.record('secret_changed');
      known = { secret, text, readAtMs };
      return known;
    } catch (error) {
      if (error instanceof SecretError) {
        telemetry.record('secret_invalid', { fault: error.code, field: error.field });
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
    flightStartedAtMs = clock.now();
    return started;
  };

  const within = async <T>(work: Promise<T>, { signal }: Deadline): Promise<T> => {
    try {
      return await abortable(work, signal);
    } catch (error) {
      throw signal.aborted && !(error instanceof SecretError) ? deadlineExceeded(error) : error;
    }
  };

  /** Nothing but a freeze makes a read last longer than its own limit. */
  const wasFrozen = (startedAtMs: number): boolean => clock.now() - startedAtMs > readTimeoutMs + catchUpMs;

  /** What a read under way brings; `undefined` where another has to be made: a freeze may have kept or cost its response. */
  const readUnderWay = async (deadline: Deadline): Promise<Known | undefined> => {
    if (flight === undefined) return undefined;
    const startedAtMs = flightStartedAtMs;
    try {
      const newest = await within(flight, deadline);
      return wasFrozen(startedAtMs) ? undefined : newest;
    } catch (error) {
      if (error instanceof SecretError && wasFrozen(startedAtMs)) return undefined;
      throw error;
    }
  };

  /** Reads the secret as it is now: a read that had started before may respond with the state before a rotation. */
  const readAgain = async (deadline: Deadline): Promise<Known & { readonly changed: boolean }> => {
    const before = known?.text;
    const underWay = await readUnderWay(deadline);
    const isNews = underWay !== undefined && underWay.text !== before;
    const newest = isNews ? underWay : await within(read(), deadline);
    return { ...newest, changed: newest.text !== before };
  };

  const isStale = (): boolean => known !== undefined && clock.now() - known.readAtMs >= staleAfterMs;

  /** Beside the request, which does not wait. */
  const readIfStale = (): void => {
    const startedAtMs = clock.now();
    if (flight !== undefined || !isStale() || startedAtMs < noStaleReadBeforeMs) return;
    const end = (isOverdue: boolean): void => {
      overdue = isOverdue;
      staleRead = undefined;
    };
    const ended = read().then(
      () => end(isStale()),
      () => {
        end(wasFrozen(startedAtMs));
        if (!overdue) noStaleReadBeforeMs = clock.now() + retryAfterMs;
      },
    );
    staleRead = { startedAtMs, ended, isSlow: false };
  };

  const wasInterrupted = (one: StaleRead | undefined): one is StaleRead =>
    one !== undefined && !one.isSlow && (overdue || wasFrozen(one.startedAtMs));

  /** Gives a read of the stale secret that a freeze has interrupted the time that it did not have. */
  const catchUp = async (deadline: Deadline): Promise<void> => {
    const { signal, clear } = limitWaiting(clock, catchUpMs, deadline.signal);
    while (wasInterrupted(staleRead)) {
      const waitedFor = staleRead;
      await abortable(waitedFor.ended, signal).catch(() => {
        waitedFor.isSlow = true;
      });
      readIfStale();
    }
    clear();
  };

  return {
    current: async (deadline) => {
      if (known === undefined) {
        return ((await readUnderWay(deadline)) ?? (await within(read(), deadline))).secret;
      }
      readIfStale();
      if (wasInterrupted(staleRead)) await catchUp(deadline);
      return known.secret;
    },

    refresh: async (deadline) => {
      const { secret, changed } = await readAgain(deadline);
      return { secret, changed };
    },

    refreshForForgery: async (deadline) => {
      if (clock.now() < noForgeryReadBeforeMs) return undefined;
      try {
        const { secret, changed } = await readAgain(deadline);
        if (changed) return secret;
      } catch (error) {
        // The known keys still hold: the text is what is at fault, as far as anybody can tell.
        if (!(error instanceof SecretError) || known === undefined) throw error;
      }
      noForgeryReadBeforeMs = clock.now() + retryAfterMs;
      return undefined;
    },
  };
};
