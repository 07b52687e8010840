import { type Problem, problems } from '../contract.ts';
import { deadlineExceeded, GuestError } from '../guest/errors.ts';

/** The body is empty, not JSON, or not an object. */
export const invalidJson = (): GuestError =>
  new GuestError('invalid_json', 'The body must be a JSON object.');

/**
 * Whatever was thrown as an error with a code. What is not ours is a defect: its message stays inside.
 * Middy's JSON body parser reports its faults by status (422, or 4xx for keys that reach for the prototype).
 * @param deadlineOver whether the request's time had ended, which explains any abort
 */
export const toGuestError = (error: unknown, deadlineOver: boolean): GuestError => {
  if (error instanceof GuestError) return error;
  if (error instanceof Error && 'statusCode' in error && Number(error.statusCode) < 500) return invalidJson();
  if (deadlineOver) return deadlineExceeded(error);
  return new GuestError('internal_error', 'Something went wrong on our side.', { cause: error });
};

/** The error body that the API answers with (RFC 9457, and `error` for clients of the simple form). */
export const problemOf = (
  { code, message, retryAfterSeconds, errors }: GuestError,
  requestId: string,
): Problem => {
  const { status, title, retryable } = problems[code];
  return {
    type: `urn:problem:${code}`,
    title,
    status,
    detail: message,
    error: message,
    code,
    requestId,
    retryable,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(errors === undefined ? {} : { errors: [...errors] }),
  };
};
