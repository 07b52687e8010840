import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { backoffMs, isDaily, longestBackoffMs, parseRetryAfter } from '../../lambda/genesys/retry-after.ts';

const nowMs = Date.parse('2026-05-15T10:00:00.000Z');

describe('Retry-After', () => {
  it('is read as seconds', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_400 }), (seconds) => {
        expect(parseRetryAfter(String(seconds), nowMs)).toBe(seconds * 1000);
      }),
    );
  });

  it('is read as an HTTP date', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_400 }), (seconds) => {
        const date = new Date(nowMs + seconds * 1000).toUTCString();
        expect(parseRetryAfter(date, nowMs)).toBe(seconds * 1000);
      }),
    );
  });

  it.each(['999999999', 'Fri, 31 Dec 9999 23:59:59 GMT'])(
    'is believed for a day at most: %j must not stop a fleet for years',
    (text) => {
      expect(parseRetryAfter(text, nowMs)).toBe(86_400_000);
    },
  );

  it.each(['Friday, 15-May-26 10:00:42 GMT', 'Fri, 15 May 2026 10:00:42 GMT'])(
    'is read in the form %j',
    (date) => {
      expect(parseRetryAfter(date, nowMs)).toBe(42_000);
    },
  );

  it.each([
    ['0.001', 1],
    ['1.5', 1500],
    ['1.25', 1250],
    ['1.2345', 1235],
    [' 3 ', 3000],
    ['Fri May 15 2026 10:00:42 GMT', 42_000],
  ])('may be %j', (text, waitMs) => {
    expect(parseRetryAfter(text, nowMs)).toBe(waitMs);
  });

  it.each([
    undefined,
    '1.',
    '1.5s',
    '(in) Fri, 15 May 2026 10:00:42 GMT',
    '',
    '0',
    '-5',
    'soon',
    '1e3',
    '0x10',
    'Fri, 15 May 2026 09:59:00 GMT',
    '99999999999999999999',
  ])('says nothing as %j', (value) => {
    expect(parseRetryAfter(value, nowMs)).toBeUndefined();
  });

  it('is a finite positive time or nothing, whatever is sent', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const waitMs = parseRetryAfter(value, nowMs);
        expect(waitMs === undefined || (Number.isFinite(waitMs) && waitMs > 0)).toBe(true);
      }),
    );
  });

  it('is a daily limit above 180 s', () => {
    expect([isDaily(180_000), isDaily(180_001)]).toEqual([false, true]);
  });
});

describe('the wait without Retry-After', () => {
  it('is random between nothing and the base, doubled by each repeat, and never over 15 s', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(200, 1000, 1500),
        fc.nat(60),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (baseMs, repeat, random) => {
          const waitMs = backoffMs(baseMs, repeat, () => random);
          expect(waitMs).toBeGreaterThanOrEqual(0);
          expect(waitMs).toBeLessThanOrEqual(Math.min(longestBackoffMs, baseMs * 2 ** repeat));
        },
      ),
    );
  });

  it('uses the whole range', () => {
    expect(backoffMs(1000, 0, () => 0.999)).toBe(999);
    expect(backoffMs(1500, 1, () => 0.5)).toBe(1500);
    expect(backoffMs(1000, 10, () => 0.999)).toBe(14_985);
  });
});
