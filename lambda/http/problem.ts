import { type Problem, problems } from '../contract.ts';
import { GuestError } from '../guest/errors.ts';

/** Faults of the edge that Middy's JSON body parser reports by status. */
const parserFaults: Readonly<Record<number, GuestError>> = {
  415: new GuestError('unsupported_media_type', 'Send the body as application/json.'),
  422: new GuestError('invalid_json', 'The body must be a JSON object.'),
};

/**
 * Whatever was thrown as an error with a code. What is not ours is a defect: its message stays inside.
 * @param deadlineOver whether the request's time had ended, which explains any abort
 */
export const toGuestError = (error: unknown, deadlineOver: boolean): GuestError => {
  if (error instanceof GuestError) return error;
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number') {
    const { statusCode } = error;
    const fault = parserFaults[statusCode] ?? (statusCode < 500 ? parserFaults[422] : undefined);
    if (fault !== undefined) return fault;
  }
  if (deadlineOver) {
    return new GuestError('deadline_exceeded', 'The request took too long; please try again.', {
      cause: error,
      retryAfterSeconds: 1,
    });
  }
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
