import type { ProblemCode } from '../contract.ts';

export interface GuestErrorOptions extends ErrorOptions {
  /** Seconds after which repeating the request makes sense. */
  readonly retryAfterSeconds?: number | undefined;
  /** Which fields broke which rule; never their values. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
}

/** An expected failure with a stable code. Its message is public: no value, host name or upstream text in it. */
export class GuestError extends Error {
  override readonly name: string = 'GuestError';
  readonly retryAfterSeconds: number | undefined;
  readonly errors: GuestErrorOptions['errors'];

  constructor(
    readonly code: ProblemCode,
    message: string,
    { retryAfterSeconds, errors, ...options }: GuestErrorOptions = {},
  ) {
    super(message, options);
    this.retryAfterSeconds = retryAfterSeconds;
    this.errors = errors;
  }
}

/** Genesys limits for longer than this request may wait. `daily`: for so long that queueing is no use. */
export class LimitedError extends GuestError {
  override readonly name = 'LimitedError';

  constructor(
    readonly waitMs: number,
    readonly daily: boolean,
    options?: ErrorOptions,
  ) {
    super('genesys_unavailable', 'Genesys Cloud is limiting requests; please try again later.', {
      ...options,
      retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    });
  }
}

/**
 * A failure after which Genesys may hold a guest that nobody knows: the answer to its creation was lost.
 * The creation is never repeated by us; the orphan is counted.
 */
export class AmbiguousCreationError extends GuestError {
  override readonly name = 'AmbiguousCreationError';
}

/** The remembered guest is not known to Genesys (any more). */
export class UnknownGuestError extends Error {
  override readonly name = 'UnknownGuestError';
}

/** A table cannot be reached in time; the caller goes on without it. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/** The time budget ended while waiting. */
export const deadlineExceeded = (cause?: unknown): GuestError =>
  new GuestError('deadline_exceeded', 'The request took too long; please try again.', {
    cause,
    retryAfterSeconds: 1,
  });
