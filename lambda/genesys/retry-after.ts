/** Longest wait that is believed: a garbled one would stop a fleet for years. */
const longestNamedMs = 86_400_000;

/**
 * How long an answer asks us to wait, in milliseconds, from its `Retry-After`: seconds or an HTTP date.
 * Undefined where it is absent, unreadable, zero or past: the caller then waits by its own rule.
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-retry-after
 */
export const parseRetryAfter = (value: string | undefined, nowMs: number): number | undefined => {
  const text = value?.trim() ?? '';
  const waitMs = /^\d{1,9}(?:\.\d{1,9})?$/.test(text)
    ? Math.ceil(Number(text) * 1000)
    : /^[a-z]{3,9},? /i.test(text)
      ? Date.parse(text) - nowMs
      : Number.NaN;
  return waitMs > 0 ? Math.min(longestNamedMs, waitMs) : undefined;
};

/** Longest wait without a `Retry-After`, in milliseconds. */
export const longestBackoffMs = 15_000;

/** The random wait before repeat number `repeat` (from 0): exponential from `baseMs`, full jitter. */
export const backoffMs = (baseMs: number, repeat: number, random: () => number): number =>
  Math.ceil(random() * Math.min(longestBackoffMs, baseMs * 2 ** Math.min(repeat, 30)));

/** A limit that lasts longer than this is a daily one: waiting or queueing is no use. */
const dailyAboveMs = 180_000;
export const isDaily = (waitMs: number): boolean => waitMs > dailyAboveMs;
