import { guestProblems, type Problem, type ProblemCode, problems } from '../contract.ts';
import { deadlineExceeded, GuestError } from '../guest/errors.ts';

/** A request that the edge refuses. Its message is public: no value, host name or upstream text in it. */
export class RequestError extends Error {
  override readonly name: string = 'RequestError';

  constructor(
    readonly code: ProblemCode,
    message: string,
    /** Which fields broke which rule; never their values. */
    readonly errors?: Problem['errors'],
  ) {
    super(message);
  }
}

/** The body is empty, not JSON, or not an object. */
export const invalidJson = (): RequestError =>
  new RequestError('invalid_json', 'The body must be a JSON object.');

/** A defect in this service, or a secret that cannot be used. Its cause stays inside. */
export class InternalError extends Error {
  override readonly name = 'InternalError';
}

/**
 * Whatever was thrown as an error that has a problem. What is not ours is a defect.
 * Middy's JSON body parser reports its faults by status (422, or 4xx for keys that reach for the prototype).
 * @param deadlineOver whether the request's time had ended, which explains any abort
 */
export const toKnownError = (
  error: unknown,
  deadlineOver: boolean,
): RequestError | GuestError | InternalError => {
  if (error instanceof RequestError || error instanceof GuestError || error instanceof InternalError) {
    return error;
  }
  if (error instanceof Error && 'statusCode' in error && Number(error.statusCode) < 500) return invalidJson();
  if (deadlineOver) return deadlineExceeded(error);
  return new InternalError('Something went wrong on our side.', { cause: error });
};

/** The error body that the API responds with (RFC 9457, and `error` for clients of the simple form). */
export const problemOf = (error: RequestError | GuestError | InternalError, requestId: string): Problem => {
  const { code, detail } =
    error instanceof GuestError
      ? guestProblems[error.code]
      : { code: error instanceof RequestError ? error.code : 'internal_error', detail: error.message };
  const { status, title, retryable } = problems[code as ProblemCode];
  const { retryAfterSeconds } = error instanceof GuestError ? error : {};
  const { errors } = error instanceof RequestError ? error : {};
  return {
    type: `urn:problem:${code}`,
    title,
    status,
    detail,
    error: detail,
    code: code as ProblemCode,
    requestId,
    retryable,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(errors === undefined ? {} : { errors }),
  };
};
