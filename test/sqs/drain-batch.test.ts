import { describe, expect, it } from '@jest/globals';
import type { SQSEvent } from 'aws-lambda';
import type { DrainOutcome } from '../../lambda/guest/drain-registration.ts';
import { createDrainBatch } from '../../lambda/sqs/drain-batch.ts';
import type { SqsEvent } from '../../lambda/sqs/events.ts';
import { createTestClock } from '../support/clock.ts';
import { createRecordedTelemetry } from '../support/recorded-telemetry.ts';

/** A batch whose messages are the names of their sessions; `poison` is none. */
const createBatchWorld = (outcomes: Readonly<Record<string, DrainOutcome | Error>> = {}) => {
  const queuedAtMs: Record<string, number> = {};
  let deliveries = 3;
  const clock = createTestClock();
  const telemetry = createRecordedTelemetry<SqsEvent>();
  const drained: { session: string; deliveries: number }[] = [];
  const visibility: Record<string, number> = {};
  const batch = createDrainBatch({
    drain: async ({ sessionHash }, deliveries) => {
      drained.push({ session: sessionHash, deliveries });
      const outcome = outcomes[sessionHash] ?? { kind: 'done' };
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
    parse: (body) => {
      if (body === 'poison') throw new Error('not ours');
      return {
        sessionHash: body,
        olderHashes: [],
        provider: 'webchat-v1',
        consent: { given: true, type: 'explicit', stated: true },
        queuedAtMs: queuedAtMs[body] ?? clock.now(),
      };
    },
    changeVisibility: async (receiptHandle, seconds) => {
      visibility[receiptHandle] = seconds;
    },
    clock,
    telemetry,
    reserveMs: 6000,
    maxAgeMs: 120_000,
  });
  const run = async (bodies: readonly string[], remainingMs = 60_000): Promise<string[]> => {
    const event = {
      Records: bodies.map((body) => ({
        messageId: `id-${body}`,
        receiptHandle: body,
        body,
        attributes: { ApproximateReceiveCount: String(deliveries) },
      })),
    } as unknown as SQSEvent;
    const { batchItemFailures } = await batch(event, { getRemainingTimeInMillis: () => remainingMs });
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  };
  const deliveredTimes = (times: number) => {
    deliveries = times;
  };
  return { clock, telemetry, drained, visibility, run, batch, queuedAtMs, deliveredTimes };
};

describe('A batch of the overflow worker', () => {
  it('reports nothing when every registration was dealt with, and passes on how often each was delivered', async () => {
    const { run, drained } = createBatchWorld();
    expect(await run(['a', 'b'])).toEqual([]);
    expect(drained).toEqual([
      { session: 'a', deliveries: 3 },
      { session: 'b', deliveries: 3 },
    ]);
  });

  it('reports what comes later, singly, and hides it for as long as it must wait', async () => {
    const { run, visibility } = createBatchWorld({ b: { kind: 'later', afterSeconds: 7 } });
    expect(await run(['a', 'b', 'c'])).toEqual(['id-b']);
    expect(visibility).toEqual({ b: 7 });
  });

  it('does not even try the others once Genesys has asked to wait, until the time is over', async () => {
    const { run, drained, visibility, clock } = createBatchWorld({
      a: { kind: 'later', afterSeconds: 30, limited: true },
    });
    expect(await run(['a', 'b'])).toEqual(['id-a', 'id-b']);
    expect(drained.map(({ session }) => session)).toEqual(['a']);
    expect(visibility).toEqual({ a: 30, b: 30 });
    await clock.advance(30_000);
    expect(await run(['b'])).toEqual([]);
  });

  it('reports a poison message, alone', async () => {
    const { run, telemetry, visibility } = createBatchWorld();
    expect(await run(['a', 'poison', 'b'])).toEqual(['id-poison']);
    expect(telemetry.of('message_poisoned')).toEqual([{ messageId: 'id-poison' }]);
    expect(visibility).toEqual({});
  });

  it('brings a registration again that failed unexpectedly, without its message in the log', async () => {
    const { run, telemetry } = createBatchWorld({ a: new TypeError('jane@example.com') });
    expect(await run(['a', 'b'])).toEqual(['id-a']);
    expect(telemetry.of('message_failed')).toEqual([{ messageId: 'id-a', name: 'TypeError' }]);
  });

  it('is broken off rather than cut by Lambda', async () => {
    const { run, drained } = createBatchWorld();
    expect(await run(['a', 'b'], 5000)).toEqual(['id-a', 'id-b']);
    expect(drained).toEqual([]);
  });

  it('gives up what is too old, also while Genesys asks to wait', async () => {
    const { run, drained, queuedAtMs, clock } = createBatchWorld({
      a: { kind: 'later', afterSeconds: 30, limited: true },
    });
    queuedAtMs['old'] = clock.now() - 100_000;
    expect(await run(['a', 'old', 'b'])).toEqual(['id-a', 'id-b']);
    expect(drained.map(({ session }) => session)).toEqual(['a', 'old']);
  });

  it('tries the last delivery, also while Genesys asks to wait', async () => {
    const { run, drained, deliveredTimes } = createBatchWorld({
      a: { kind: 'later', afterSeconds: 30, limited: true },
    });
    await run(['a']);
    deliveredTimes(10);
    expect(await run(['b'])).toEqual([]);
    expect(drained.map(({ session }) => session)).toEqual(['a', 'b']);
  });

  it('waits longer each time while a table is away: twelve deliveries take over ten minutes', async () => {
    const { run, visibility, deliveredTimes } = createBatchWorld({ a: new Error('the table is away') });
    let waitedSeconds = 0;
    for (let times = 1; times <= 12; times += 1) {
      deliveredTimes(times);
      await run(['a']);
      waitedSeconds += visibility['a'] ?? 0;
    }
    expect(waitedSeconds).toBeGreaterThan(600);
  });

  it('says how long each registration has waited when it is delivered', async () => {
    const { run, telemetry, queuedAtMs, clock } = createBatchWorld();
    queuedAtMs['a'] = clock.now() - 42_000;
    await run(['a']);
    expect(telemetry.of('registration_delivered')).toEqual([{ ageSeconds: 42 }]);
  });

  it.each([null, undefined, {}])('is done with an event that holds no records: %p', async (event) => {
    const { batch } = createBatchWorld();
    expect(await batch(event)).toEqual({ batchItemFailures: [] });
  });
});
