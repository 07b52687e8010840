/** Counts what happened within a window that moves with time. */
export interface Rate {
  /** Counts one more. @returns whole seconds to wait where it is too many (it is not counted then), else 0 */
  take(allowed: number, nowMs: number): number;
}

export const createRate = (windowMs: number): Rate => {
  let taken: number[] = [];
  return {
    take: (allowed, nowMs) => {
      taken = taken.filter((atMs) => atMs > nowMs - windowMs);
      const oldest = taken.at(-allowed);
      if (oldest !== undefined) return Math.max(1, Math.ceil((oldest + windowMs - nowMs) / 1000));
      taken.push(nowMs);
      return 0;
    },
  };
};
