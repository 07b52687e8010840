import { describe, expect, it } from '@jest/globals';
import { createCreationGate } from '../../lambda/genesys/creation-gate.ts';
import type { GenesysEvent } from '../../lambda/genesys/events.ts';
import { createQuota } from '../../lambda/genesys/quota.ts';
import { createTestClock, deadlineIn } from '../support/clock.ts';
import { createRecordedTelemetry } from '../support/recorded-telemetry.ts';

/** A gate whose organisation allows 300 calls a minute, of which so many are used. */
const gateAt = (used: number, limitsUnverified = true) => {
  const clock = createTestClock();
  const telemetry = createRecordedTelemetry<GenesysEvent>();
  const quota = createQuota({ clock, telemetry });
  quota.observe({
    'inin-ratelimit-allowed': '300',
    'inin-ratelimit-count': String(used),
    'inin-ratelimit-reset': '50',
  });
  const gate = createCreationGate({ clock, telemetry, quota, queueing: true, limitsUnverified });
  const admits = async (verified: boolean): Promise<boolean> =>
    await gate.admit(verified, deadlineIn(clock)).then(
      () => true,
      () => false,
    );
  return { admits, telemetry };
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
