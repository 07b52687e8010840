import type { InitRequest, InitResponse, Problem, QueuedResponse } from '../lambda/contract.ts';

/** How long one step took, as the answer's `Server-Timing` tells. */
export interface Step {
  readonly name: string;
  readonly durationMs: number;
}

export interface OpenedGuest {
  readonly guest: InitResponse;
  /** From the first request to the answer, waiting included. */
  readonly durationMs: number;
  /** Requests that were sent: more than one when the registration was queued. */
  readonly attempts: number;
  /** Steps of the last request; empty where the server does not tell. */
  readonly steps: readonly Step[];
}

export interface Waiting {
  readonly attempt: number;
  readonly retryAfterSeconds: number;
}

export interface OpenOptions {
  readonly signal?: AbortSignal;
  /** `X-Session-Signature`, where the website's server signs its sessions. */
  readonly signature?: string;
  /** Told before each wait for a queued registration. */
  readonly onWaiting?: (waiting: Waiting) => void;
}

export interface GuestClientOptions {
  /** URL of the API, such as `/api/webchat/init`. */
  readonly endpoint: string;
  readonly fetch?: typeof fetch;
  /** How long a queued registration is waited for. */
  readonly maxWaitMs?: number;
}

export type GuestErrorCode = Problem['code'] | 'network' | 'unexpected_answer' | 'still_queued';

/** The door did not open. `message` may be shown to a visitor. */
export class GuestClientError extends Error {
  override readonly name = 'GuestClientError';

  constructor(
    readonly code: GuestErrorCode,
    message: string,
    readonly details: {
      readonly status?: number;
      readonly retryable: boolean;
      readonly problem?: Problem;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: details.cause });
  }
}

const longestPauseSeconds = 60;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
const isGuest = (value: unknown): value is InitResponse =>
  isRecord(value) && typeof value['guestId'] === 'string' && typeof value['accessToken'] === 'string';
const isQueued = (value: unknown): value is QueuedResponse =>
  isRecord(value) && value['status'] === 'queued' && typeof value['retryAfterSeconds'] === 'number';
const isProblem = (value: unknown): value is Problem =>
  isRecord(value) && typeof value['code'] === 'string' && typeof value['detail'] === 'string';

const steps = (header: string | null): readonly Step[] =>
  [...(header ?? '').matchAll(/[\w-]+;dur=([\d.]+);desc="([^"]*)"/g)].map(([, duration, name]) => ({
    name: name ?? '',
    durationMs: Number(duration),
  }));

const pause = (seconds: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, seconds * 1000);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });

const toError = (status: number, body: unknown): GuestClientError =>
  isProblem(body)
    ? new GuestClientError(body.code, body.detail, { status, retryable: body.retryable, problem: body })
    : new GuestClientError('unexpected_answer', 'The server gave an answer that makes no sense.', {
        status,
        retryable: status >= 500,
      });

/**
 * Client of the guest API for a browser. A queued registration (202) is asked for again after its time, with the
 * same request, until it is served or `maxWaitMs` has passed.
 */
export const createGuestClient = ({
  endpoint,
  fetch: send = (input, init) => fetch(input, init),
  maxWaitMs = 120_000,
}: GuestClientOptions) => {
  const ask = async (request: InitRequest, { signal, signature }: OpenOptions) => {
    let response: Response;
    try {
      response = await send(endpoint, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          ...(signature === undefined ? {} : { 'X-Session-Signature': signature }),
        },
        body: JSON.stringify(request),
        credentials: 'omit',
        cache: 'no-store',
        ...(signal === undefined ? {} : { signal }),
      });
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      throw new GuestClientError('network', 'The server cannot be reached.', { retryable: true, cause });
    }
    const body: unknown = await response.json().catch(() => undefined);
    signal?.throwIfAborted();
    return { response, body };
  };

  /**
   * Opens the door for a session.
   * @throws GuestClientError; the signal's reason when it was aborted
   */
  const open = async (request: InitRequest, options: OpenOptions = {}): Promise<OpenedGuest> => {
    const startedAt = performance.now();
    for (let attempts = 1; ; attempts += 1) {
      const { response, body } = await ask(request, options);
      const durationMs = performance.now() - startedAt;
      if (response.status === 200 && isGuest(body)) {
        return { guest: body, durationMs, attempts, steps: steps(response.headers.get('server-timing')) };
      }
      if (response.status !== 202 || !isQueued(body)) throw toError(response.status, body);
      const retryAfterSeconds = Math.min(Math.max(body.retryAfterSeconds, 1), longestPauseSeconds);
      if (durationMs + retryAfterSeconds * 1000 > maxWaitMs) {
        throw new GuestClientError('still_queued', 'It is taking longer than expected; please try again.', {
          status: 202,
          retryable: true,
        });
      }
      options.onWaiting?.({ attempt: attempts, retryAfterSeconds });
      await pause(retryAfterSeconds, options.signal);
    }
  };

  return { open };
};
