import { describe, expect, it } from '@jest/globals';
import { createCreationGate } from '../../lambda/genesys/creation-gate.ts';
import type { GenesysEvent } from '../../lambda/genesys/events.ts';
import { createQuota } from '../../lambda/genesys/quota.ts';
import { createTestClock, deadlineIn } from '../support/clock.ts';
import { createRecordedTelemetry } from '../support/recorded-telemetry.ts';

/** A gate whose organisation allows 300 calls a minute, of which so many are used. */
const gateAt = (used: number, limitsUnverified = true, queueing = true) => {
  const clock = createTestClock();
  const telemetry = createRecordedTelemetry<GenesysEvent>();
  const quota = createQuota({ clock, telemetry });
  quota.observe({
    'inin-ratelimit-allowed': '300',
    'inin-ratelimit-count': String(used),
    'inin-ratelimit-reset': '50',
  });
  const gate = createCreationGate({ clock, telemetry, quota, queueing, limitsUnverified });
  const admits = async (verified: boolean): Promise<boolean> =>
    await gate.admit(verified, deadlineIn(clock)).then(
      () => true,
      () => false,
    );
  return { admits, telemetry, clock, gate, quota };
};

describe('Where sessions can be verified, the quota', () => {
  it('is open to everybody while most of it is left', async () => {
    const { admits } = gateAt(100);
    expect([await admits(true), await admits(false)]).toEqual([true, true]);
  });

  it('is kept for verified sessions from 60 % on, which an alarm can see', async () => {
    const { admits, telemetry } = gateAt(190);
    expect([await admits(true), await admits(false)]).toEqual([true, false]);
    expect(telemetry.of('admission_refused')).toEqual([{ reason: 'quota' }]);
  });

  it('is kept for known guests from 90 % on', async () => {
    const { admits, telemetry } = gateAt(280);
    expect([await admits(true), await admits(false)]).toEqual([false, false]);
    expect(telemetry.of('admission_refused')).toEqual([]);
  });
});

describe('Where sessions cannot be verified, the quota', () => {
  it('is open to all of them alike', async () => {
    const { admits } = gateAt(190, false);
    expect(await admits(false)).toBe(true);
  });
});

describe('Where there is no queue, the quota', () => {
  it('stops nobody: they take their chance', async () => {
    const { admits } = gateAt(300, true, false);
    expect([await admits(true), await admits(false)]).toEqual([true, true]);
  });
});

describe('A creation that is held back', () => {
  it.each([
    ['by the quota that is kept for known guests', 280, true, 'quota'],
    ['by the quota that is kept for verified sessions', 190, false, 'unverified'],
    ['by the quota that is kept for known guests, of an unverified session too', 280, false, 'quota'],
  ])('%s is recorded with its reason and its wait', async (_, used, verified, reason) => {
    const { admits, telemetry } = gateAt(used);
    await admits(verified);
    expect(telemetry.of('creation_held')).toEqual([{ reason, waitMs: 50_000, daily: false }]);
  });

  it('because Genesys said so is recorded as that, though the quota be used up as well', async () => {
    const { admits, telemetry, gate } = gateAt(190);
    gate.hold(20_000);
    expect(await admits(false)).toBe(false);
    expect(telemetry.of('creation_held')).toEqual([{ reason: 'told_to_wait', waitMs: 50_000, daily: false }]);
    expect(telemetry.of('admission_refused')).toEqual([]);
  });

  it('for a day is a daily limit until that is over', async () => {
    const { admits, telemetry, clock, gate } = gateAt(0);
    gate.hold(181_000);
    gate.hold(10_000);
    await admits(true);
    await clock.advance(180_999);
    await admits(true);
    expect(telemetry.of('creation_held')).toEqual([
      { reason: 'told_to_wait', waitMs: 181_000, daily: true },
      { reason: 'told_to_wait', waitMs: 1, daily: true },
    ]);
    await clock.advance(1);
    expect(await admits(true)).toBe(true);
  });

  it('for a short time only waits, and looks again before it goes ahead', async () => {
    const { clock, gate } = gateAt(0);
    const startedAtMs = clock.now();
    gate.hold(1000);
    const admission = gate.admit(true, deadlineIn(clock)).then(() => clock.now() - startedAtMs);
    await clock.advance(500);
    gate.hold(1000);
    await clock.advance(2000);
    expect(await admission).toBe(1500);
  });
});

describe('A hold that Genesys asked for', () => {
  it('stays a daily one where another of the same end is not', async () => {
    const { admits, telemetry, clock, gate } = gateAt(0);
    gate.hold(181_000);
    await clock.advance(1000);
    gate.hold(180_000);
    await admits(true);
    expect(telemetry.of('creation_held')).toEqual([{ reason: 'told_to_wait', waitMs: 180_000, daily: true }]);
  });

  it('is over at its very end: what holds then is the quota, for another reason and for no day', async () => {
    const { admits, telemetry, clock, gate, quota } = gateAt(0);
    gate.hold(181_000);
    await clock.advance(181_000);
    quota.observe({
      'inin-ratelimit-allowed': '300',
      'inin-ratelimit-count': '190',
      'inin-ratelimit-reset': '50',
    });
    expect(await admits(false)).toBe(false);
    expect(telemetry.of('creation_held')).toEqual([{ reason: 'unverified', waitMs: 50_000, daily: false }]);
  });
});
