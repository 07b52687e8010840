import type * as api from './guest-profiles.d.ts';

type Failure = Partial<
  Pick<api.GuestError, 'retryable' | 'status' | 'requestId' | 'retryAfterSeconds' | 'errors' | 'cause'>
>;

/** See guest-profiles.d.ts. Without a message of the API, the message is the code. */
export class GuestError extends Error implements api.GuestError {
  declare readonly name: 'GuestError';
  declare readonly code: api.GuestErrorCode;
  declare readonly retryable: boolean;
  declare readonly status: number | undefined;
  declare readonly requestId: string | undefined;
  declare readonly retryAfterSeconds: number | undefined;
  declare readonly errors: api.GuestError['errors'];

  constructor(code: api.GuestErrorCode, failure?: Failure, message: string = code) {
    super(message);
    Object.assign(this, { retryable: false, errors: [], ...failure, name: 'GuestError', code });
  }
}
