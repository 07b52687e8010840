import { deadlineExceeded, GuestError } from '../guest/errors.ts';

/** The calls that are made, by the names that telemetry uses. */
export type Endpoint = 'oauth' | 'guest' | 'guest_token' | 'contact';

/** What an error body says; for decisions only, never for logs or callers: it may echo personal data. */
export interface UpstreamProblem {
  readonly code: string;
  readonly text: string;
}

/** What came of one attempt. Failures are values here: the caller decides which may be repeated. */
export type Outcome<T> =
  | { readonly kind: 'ok'; readonly value: T }
  /** 429, or the token endpoint's own way of saying so. `retryAfterMs`: how long we are asked to wait. */
  | { readonly kind: 'limited'; readonly retryAfterMs: number | undefined }
  /** Any other status than 2xx. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      /** How long we are asked to wait. */
      readonly retryAfterMs: number | undefined;
      readonly problem: UpstreamProblem;
      /** By which Genesys' support finds the call. */
      readonly correlationId: string | undefined;
      /** The client id and secret that were refused, at the token endpoint. */
      readonly credentials?: { readonly clientId: string; readonly clientSecret: string } | undefined;
    }
  /** A 2xx that is not what was promised. */
  | { readonly kind: 'malformed' }
  /** The request certainly did not reach Genesys; `retryAfterMs` where calls are suspended. */
  | { readonly kind: 'unsent'; readonly retryAfterMs?: number | undefined }
  /** It may have reached Genesys; the response was lost. `budgetEnded`: the request's time ended, not the attempt's. */
  | {
      readonly kind: 'lost';
      readonly budgetEnded: boolean;
      readonly retryAfterMs?: number | undefined;
    };

/** An outcome that is final: limiting has become a LimitedError by then. */
export type Failure = Exclude<Outcome<never>, { kind: 'ok' }>;

const defaultRetryAfterMs = 3000;

/** Genesys is down or failing; `retryAfterMs` where it is known. */
export const unavailable = (retryAfterMs: number = defaultRetryAfterMs): GuestError =>
  new GuestError('unavailable', { retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1000)) });

/** Genesys refused for good, or its response is not what it promised. */
export const rejected = (): GuestError => new GuestError('rejected');

/** The domain's error for a failure. */
export const errorOf = (failure: Failure): GuestError => {
  switch (failure.kind) {
    case 'limited':
    case 'unsent':
      return unavailable(failure.retryAfterMs);
    case 'lost':
      return failure.budgetEnded ? deadlineExceeded() : unavailable(failure.retryAfterMs);
    case 'malformed':
      return rejected();
    case 'refused':
      return failure.status >= 500 ? unavailable(failure.retryAfterMs) : rejected();
  }
};
