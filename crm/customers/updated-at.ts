/** Milliseconds of an ISO date; without a zone it is UTC, whatever this machine's zone is. */
export const timeOf = (updatedAt: string): number =>
  Date.parse(/T[\d:.]+$/.test(updatedAt) ? `${updatedAt}Z` : updatedAt);
