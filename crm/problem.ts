/** A failure that the user can act on: its message is one whole sentence, shown without a stack. */
export class UserError extends Error {
  override readonly name = 'UserError';
}
