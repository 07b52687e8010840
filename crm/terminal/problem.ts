/** A failure that the user can act on: its message is one whole sentence, shown without a stack. */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** The code of a failure of the system, such as ENOENT. */
export const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
