import { describe, expect, it } from '@jest/globals';
import type { GenesysEvent } from '../../lambda/genesys/events.ts';
import { createQuota } from '../../lambda/genesys/quota.ts';
import { createTestClock } from '../support/clock.ts';
import { createRecordedTelemetry } from '../support/recorded-telemetry.ts';

const start = () => {
  const clock = createTestClock();
  const telemetry = createRecordedTelemetry<GenesysEvent>();
  const quota = createQuota({ clock, telemetry });
  /** A response says what is allowed, what was used, and when a new window begins. */
  const observe = (allowed: string | number, used: string | number, resetSeconds: string | number = 50) =>
    quota.observe({
      'inin-ratelimit-allowed': String(allowed),
      'inin-ratelimit-count': String(used),
      'inin-ratelimit-reset': String(resetSeconds),
    });
  return { clock, telemetry, quota, observe };
};

describe('The quota', () => {
  it('is not known before a response has stated it: nobody waits, and the published default counts', () => {
    const { quota } = start();
    quota.spend('guest');
    expect(quota.exhaustedForMs()).toBeUndefined();
    expect(quota.callsPerSecond()).toBe(5);
  });

  it('is, on average, what is allowed a minute', () => {
    const { quota, observe } = start();
    observe(600, 0);
    expect(quota.callsPerSecond()).toBe(10);
  });

  it.each([
    ['a tenth is left', 300, 270, undefined, false],
    ['less than a tenth is left', 300, 271, undefined, true],
    ['less than the share that is asked for is left', 300, 181, 0.4, true],
    ['the share that is asked for is left', 300, 180, 0.4, false],
    ['a part of a call counts as one', 25, 22, undefined, false],
    ['a part of a call counts as one, once it is gone', 25, 23, undefined, true],
    ['two calls are left of a small one', 5, 3, undefined, false],
    ['one call is left of a small one', 5, 4, undefined, true],
  ])('where %s is exhausted until the window ends, or not', (_, allowed, used, share, exhausted) => {
    const { quota, observe } = start();
    observe(allowed, used);
    expect(quota.exhaustedForMs(share)).toBe(exhausted ? 50_000 : undefined);
  });

  it('is whole again when the window ends', async () => {
    const { clock, quota, observe } = start();
    observe(300, 300);
    await clock.advance(49_999);
    expect(quota.exhaustedForMs()).toBe(1);
    await clock.advance(1);
    expect(quota.exhaustedForMs()).toBeUndefined();
  });

  it('is used up by each call but those for a token, which have a limit of their own', () => {
    const { quota, observe } = start();
    observe(300, 269);
    quota.spend('oauth');
    quota.spend('guest');
    expect(quota.exhaustedForMs()).toBeUndefined();
    quota.spend('guest_token');
    expect(quota.exhaustedForMs()).toBe(50_000);
  });

  it.each([
    [300, 0, { usedPercent: 0, remaining: 300 }],
    [300, 200, { usedPercent: 67, remaining: 100 }],
    [300, 310, { usedPercent: 100, remaining: 0 }],
    [' 300 ', '200', { usedPercent: 67, remaining: 100 }],
  ])('of %j, of which %j are used, is a metric that makes sense', (allowed, used, expected) => {
    const { telemetry, observe } = start();
    observe(allowed, used);
    expect(telemetry.of('genesys_quota')).toEqual([{ ...expected, resetSeconds: 50 }]);
  });

  it.each([
    ['no call is allowed', 0, 0, 50],
    ['the window is longer than an hour', 300, 300, 3601],
    ['a number is none', '3e2', 300, 50],
    ['a number has a sign', 300, '-1', 50],
    ['a number has a part', 300, 300, '1.5'],
    ['a number is too long', 300, 300, '1000000000'],
    ['a number has something before it', 'x300', 300, 50],
    ['a number has something behind it', 300, '300x', 50],
  ])('is not believed where %s', (_, allowed, used, resetSeconds) => {
    const { telemetry, quota, observe } = start();
    observe(allowed, used, resetSeconds);
    expect([quota.exhaustedForMs(), telemetry.recorded]).toEqual([undefined, []]);
  });

  it('is believed for an hour', () => {
    const { quota, observe } = start();
    observe(300, 300, 3600);
    expect(quota.exhaustedForMs()).toBe(3_600_000);
  });

  it.each(['inin-ratelimit-allowed', 'inin-ratelimit-count', 'inin-ratelimit-reset'])(
    'is not believed without %s',
    (missing) => {
      const { telemetry, quota } = start();
      quota.observe({
        'inin-ratelimit-allowed': '300',
        'inin-ratelimit-count': '300',
        'inin-ratelimit-reset': '50',
        [missing]: undefined,
      });
      expect([quota.exhaustedForMs(), telemetry.recorded]).toEqual([undefined, []]);
    },
  );
});
