/** Requests of one client in the running minute. */
export interface RateLimit {
  /** Counts a request. `resetSeconds` until the window ends; headers are empty where nothing is limited. */
  take(
    allowed: number | null,
    nowMs: number,
  ): {
    readonly exceeded: boolean;
    readonly resetSeconds: number;
    readonly headers: Readonly<Record<string, string>>;
  };
  reset(): void;
}

const windowMs = 60_000;

/** A fixed window of one minute that starts with its first request. */
export const createRateLimit = (): RateLimit => {
  let endsAtMs = 0;
  let used = 0;
  return {
    take: (allowed, nowMs) => {
      if (allowed === null) return { exceeded: false, resetSeconds: 0, headers: {} };
      if (nowMs >= endsAtMs) {
        endsAtMs = nowMs + windowMs;
        used = 0;
      }
      used += 1;
      const resetSeconds = Math.max(1, Math.ceil((endsAtMs - nowMs) / 1000));
      return {
        exceeded: used > allowed,
        resetSeconds,
        headers: {
          'inin-ratelimit-count': String(used),
          'inin-ratelimit-allowed': String(allowed),
          'inin-ratelimit-reset': String(resetSeconds),
        },
      };
    },
    reset: () => {
      endsAtMs = 0;
    },
  };
};
