/** The name of what went wrong, fit for a log: an SDK's message may hold host names. */
export const failureReason = (error: unknown): string => {
  const name = typeof error === 'object' && error !== null && 'name' in error ? error.name : undefined;
  return typeof name === 'string' && /^\w{1,80}$/.test(name) ? name : 'UnknownError';
};
