/** Why a visitor gets no guest; `contract.ts` says what the website is sent for each. */
export type GuestErrorCode =
  /** Consent is needed and was not given. */
  | 'consent_required'
  /** The session was verified before; this request is not. */
  | 'unverified'
  /** The provider refused for good, or its response is not what it promised. */
  | 'rejected'
  /** The provider is down, failing or limiting. */
  | 'unavailable'
  /** The queued registration was given up. */
  | 'registration_failed'
  /** The time budget ended while waiting. */
  | 'deadline_exceeded';

export interface GuestErrorOptions extends ErrorOptions {
  /** Seconds after which repeating the request makes sense. */
  readonly retryAfterSeconds?: number | undefined;
}

/** An expected failure with a stable code. */
export class GuestError extends Error {
  override readonly name: string = 'GuestError';
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly code: GuestErrorCode,
    { retryAfterSeconds, ...options }: GuestErrorOptions = {},
  ) {
    super(code, options);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The provider limits for longer than this request may wait. `daily`: for so long that queueing is no use. */
export class LimitedError extends GuestError {
  override readonly name = 'LimitedError';

  constructor(
    readonly waitMs: number,
    readonly daily: boolean,
    options?: ErrorOptions,
  ) {
    super('unavailable', { ...options, retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) });
  }
}

/**
 * A failure after which the provider may hold a guest that nobody knows: the response to its creation was lost.
 * The creation is never repeated by us; the orphan is counted.
 */
export class AmbiguousCreationError extends GuestError {
  override readonly name = 'AmbiguousCreationError';
}

/** Nothing was created: the lease does not cover another attempt. Renew it and call again. */
export class LeaseTooShortError extends Error {
  override readonly name = 'LeaseTooShortError';
}

/** The provider does not know the remembered guest (any more). */
export class UnknownGuestError extends Error {
  override readonly name = 'UnknownGuestError';
}

/** A table cannot be reached in time; the caller goes on without it. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}

/** The time budget ended while waiting. */
export const deadlineExceeded = (cause?: unknown): GuestError =>
  new GuestError('deadline_exceeded', { cause, retryAfterSeconds: 1 });
