import type { Clock, Telemetry } from '../guest/ports.ts';
import type { GenesysEvent } from './events.ts';
import type { Endpoint } from './outcome.ts';

/** What is left of Genesys' quota, as far as this container can tell. */
export interface Quota {
  /** A call is about to be made. */
  spend(endpoint: Endpoint): void;
  /** An answer has come; its `inin-ratelimit-*` headers tell the state of the whole client. */
  observe(headers: Readonly<Record<string, string | undefined>>): void;
  /**
   * Milliseconds until the quota is whole again, where no more than `keptShare` of it is left (default: the
   * part that is kept for visitors whose guest is known); undefined where there is enough.
   */
  exhaustedForMs(keptShare?: number): number | undefined;
  /** Calls that Genesys allows a second, on average; by its published default before a response has stated it. */
  callsPerSecond(): number;
}

/** This share of the quota, and at least this many calls, is kept for visitors whose guest is known. */
const reserveShare = 0.1;
const reserveCalls = 2;
/** @see https://developer.genesys.cloud/platform/api/rate-limits */
const defaultCallsPerMinute = 300;
/** A window that ends later than this is not believed. */
const longestWindowSeconds = 3600;

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,9}$/.test(text.trim()) ? Number(text) : undefined;

/** Estimates the quota from the headers of each answer and from our own calls since then. */
export const createQuota = ({
  clock,
  telemetry,
}: {
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
}): Quota => {
  let window: { allowed: number; used: number; resetAtMs: number } | undefined;

  return {
    spend: (endpoint) => {
      // The token endpoint has a limit of its own.
      if (window !== undefined && endpoint !== 'oauth') window.used += 1;
    },
    observe: (headers) => {
      const allowed = wholeNumber(headers['inin-ratelimit-allowed']);
      const used = wholeNumber(headers['inin-ratelimit-count']);
      const resetSeconds = wholeNumber(headers['inin-ratelimit-reset']);
      if (allowed === undefined || used === undefined || resetSeconds === undefined) return;
      if (allowed === 0 || resetSeconds > longestWindowSeconds) return;
      window = { allowed, used, resetAtMs: clock.now() + resetSeconds * 1000 };
      telemetry.record('genesys_quota', {
        usedPercent: Math.min(100, Math.round((used / allowed) * 100)),
        remaining: Math.max(0, allowed - used),
        resetSeconds,
      });
    },
    exhaustedForMs: (keptShare = reserveShare) => {
      if (window === undefined) return undefined;
      const leftMs = window.resetAtMs - clock.now();
      if (leftMs <= 0) return undefined;
      const reserve = Math.max(reserveCalls, Math.ceil(window.allowed * keptShare));
      return window.allowed - window.used < reserve ? leftMs : undefined;
    },
    callsPerSecond: () => (window?.allowed ?? defaultCallsPerMinute) / 60,
  };
};
