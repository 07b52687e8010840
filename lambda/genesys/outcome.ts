import { deadlineExceeded, GuestError } from '../guest/errors.ts';

/** The calls that are made, by the names that telemetry uses. */
export type Endpoint = 'oauth' | 'guest' | 'guest_token' | 'contact';

/** What an error body says; for decisions only, never for logs or callers: it may echo personal data. */
export interface UpstreamProblem {
  readonly code: string;
  readonly text: string;
}

/**
 * What came of one attempt. Failures are values here: the caller decides which may be repeated. `repeatAfterMs`
 * is set where several callers share the attempt and are to repeat it together.
 */
export type Outcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** 429, or the token endpoint's own way of saying so. `retryAfterMs`: how long it asked us to wait. */
  | { readonly kind: 'limited'; readonly retryAfterMs: number | undefined; readonly told: boolean }
  /** Any other status than 2xx. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      /** How long it asked us to wait. */
      readonly retryAfterMs: number | undefined;
      readonly repeatAfterMs?: number | undefined;
      readonly problem: UpstreamProblem;
      /** By which Genesys' support finds the call. */
      readonly correlationId: string | undefined;
    }
  /** A 2xx that is not what was promised. */
  | { readonly kind: 'malformed' }
  /** The request certainly did not reach Genesys. */
  | { readonly kind: 'unsent'; readonly repeatAfterMs?: number | undefined }
  /** It may have reached Genesys; the answer was lost. `budgetEnded`: the request's time ended, not the attempt's. */
  | {
      readonly kind: 'lost';
      readonly budgetEnded: boolean;
      readonly repeatAfterMs?: number | undefined;
    };

/** An outcome that is final: limiting has become a LimitedError by then. */
export type Failure = Exclude<Outcome<never>, { kind: 'ok' }>;

const defaultRetryAfterMs = 3000;

/** Genesys is down or failing; `retryAfterMs` where it is known. */
export const unavailable = (retryAfterMs: number = defaultRetryAfterMs): GuestError =>
  new GuestError('genesys_unavailable', 'Genesys Cloud is not available; please try again later.', {
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)),
  });

/** Genesys refused for good, or its answer is not what it promised. */
export const rejected = (): GuestError =>
  new GuestError('genesys_rejected', 'Genesys Cloud refused the request.');

/** The domain's error for a failure. */
export const errorOf = (failure: Failure): GuestError => {
  switch (failure.kind) {
    case 'limited':
      return unavailable(failure.retryAfterMs);
    case 'unsent':
      return unavailable();
    case 'lost':
      return failure.budgetEnded ? deadlineExceeded() : unavailable();
    case 'malformed':
      return rejected();
    case 'refused':
      return failure.status >= 500 ? unavailable(failure.retryAfterMs) : rejected();
  }
};
