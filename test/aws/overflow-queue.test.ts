import type { SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { AwsEvent } from '../../lambda/aws/events.ts';
import { createOverflowQueue, type SqsOverflowQueue } from '../../lambda/aws/overflow-queue.ts';
import { StoreUnavailableError } from '../../lambda/guest/errors.ts';
import type { QueuedRegistration } from '../../lambda/guest/ports.ts';
import { PoisonMessageError, parseQueuedRegistration } from '../../lambda/guest/queued-registration.ts';
import { createTestClock, deadlineIn, type TestClock } from '../support/clock.ts';
import { type Overflow, sqsClient, startOverflow } from '../support/overflow.ts';
import { createRecordedTelemetry, type RecordedTelemetry } from '../support/recorded-telemetry.ts';
import { anyHash } from '../support/registry-contract.ts';
import { startSilentServer } from '../support/silent-server.ts';

const registration = (changes: Partial<QueuedRegistration> = {}): QueuedRegistration => ({
  sessionHash: anyHash(),
  olderHashes: [`2025-01:${anyHash()}`],
  provider: 'webchat-v1',
  consent: { given: true, type: 'explicit', stated: true },
  queuedAtMs: 1_778_839_200_000,
  ...changes,
});

describe('the overflow queue', () => {
  let overflow: Overflow;
  let client: SQSClient;
  let clock: TestClock;
  let telemetry: RecordedTelemetry<AwsEvent>;
  let drainPerSecond: number;
  let queue: SqsOverflowQueue;

  const start = (from = client) =>
    createOverflowQueue({
      client: from,
      queueUrl: overflow.queueUrl,
      clock,
      telemetry,
      drainPerSecond: () => drainPerSecond,
    });
  const deadline = () => deadlineIn(clock);
  const sendMany = async (count: number) => {
    for (let sent = 0; sent < count; sent += 1) await queue.send(registration(), deadline());
  };

  beforeEach(async () => {
    overflow = await startOverflow();
    client = sqsClient(overflow.url);
    clock = createTestClock();
    telemetry = createRecordedTelemetry();
    drainPerSecond = 2;
    queue = start();
  });
  afterEach(async () => {
    client.destroy();
    await overflow.close();
  });

  it('hands the worker the registration that was queued', async () => {
    const queued = registration();
    await queue.send(queued, deadline());
    const [message] = await overflow.receive();
    expect(parseQueuedRegistration(message?.body ?? '')).toEqual(queued);
  });

  it('holds nothing but hashes, provider, consent and time', async () => {
    const more = { ...registration(), email: 'jane@example.com', accessToken: 'token' };
    await queue.send(more, deadline());
    const [message] = await overflow.receive();
    expect(Object.keys(JSON.parse(message?.body ?? '{}')).sort()).toEqual([
      'consent',
      'olderHashes',
      'provider',
      'queuedAtMs',
      'sessionHash',
    ]);
  });

  it('delivers a message again after the time that the worker asks for', async () => {
    await queue.send(registration(), deadline());
    const [message] = await overflow.receive();
    expect(await overflow.receive()).toHaveLength(0);
    await queue.changeVisibility(message?.receiptHandle ?? '', 0, deadline());
    expect(await overflow.receive()).toHaveLength(1);
  });

  it('expects a wait of a second at least', async () => {
    expect(await queue.expectedWaitSeconds(deadline())).toBe(1);
  });

  it('expects the wait that the backlog takes at the present rate, messages in work included', async () => {
    await sendMany(5);
    await overflow.receive();
    await sendMany(2);
    expect(await queue.expectedWaitSeconds(deadline())).toBe(4);
  });

  it('expects no more than an hour, even where nothing is served at all', async () => {
    await sendMany(1);
    drainPerSecond = 0.0001;
    expect(await queue.expectedWaitSeconds(deadline())).toBe(3600);
    drainPerSecond = 0;
    expect(await queue.expectedWaitSeconds(deadline())).toBe(3600);
  });

  it('asks for the backlog every two seconds at most', async () => {
    drainPerSecond = 1;
    await sendMany(3);
    expect(await queue.expectedWaitSeconds(deadline())).toBe(3);
    await sendMany(3);
    await clock.advance(1999);
    expect(await queue.expectedWaitSeconds(deadline())).toBe(3);
    await clock.advance(1);
    expect(await queue.expectedWaitSeconds(deadline())).toBe(6);
  });

  it('expects three seconds where the backlog cannot be read', async () => {
    const nowhere = sqsClient('http://127.0.0.1:1');
    expect(await start(nowhere).expectedWaitSeconds(deadline())).toBe(3);
    expect(telemetry.of('queue_call_failed')).toHaveLength(1);
    nowhere.destroy();
  });

  it('says so when a registration could not be queued', async () => {
    const nowhere = sqsClient('http://127.0.0.1:1');
    await expect(start(nowhere).send(registration(), deadline())).rejects.toBeInstanceOf(
      StoreUnavailableError,
    );
    expect(telemetry.of('queue_call_failed')).toEqual([{ operation: 'send', reason: expect.any(String) }]);
    nowhere.destroy();
  });

  it('waits two seconds for SQS at most', async () => {
    const silent = await startSilentServer();
    const hanging = createOverflowQueue({
      client: sqsClient(silent.url),
      queueUrl: `${silent.url}/1/overflow`,
      clock,
      telemetry,
      drainPerSecond: () => 1,
    });
    const sending = hanging.send(registration(), deadline());
    const failing = expect(sending).rejects.toBeInstanceOf(StoreUnavailableError);
    await clock.advance(2000);
    await failing;
    await silent.close();
  });
});

describe('a message of the overflow queue', () => {
  const sessionHash = anyHash();
  const whole = registration({ sessionHash });

  it.each([
    ['no JSON', 'hello'],
    ['an empty text', ''],
    ['null', 'null'],
    ['a raw session id', JSON.stringify({ ...whole, sessionHash: 'session-1' })],
    ['a raw session id among the older hashes', JSON.stringify({ ...whole, olderHashes: ['session-1'] })],
    ['no consent', JSON.stringify({ ...whole, consent: undefined })],
    ['an unknown kind of consent', JSON.stringify({ ...whole, consent: { given: true, type: 'silent' } })],
    ['no provider', JSON.stringify({ ...whole, provider: '' })],
    ['a time before 1970', JSON.stringify({ ...whole, queuedAtMs: -1 })],
  ])('is poison with %s', (_, body) => {
    expect(() => parseQueuedRegistration(body)).toThrow(PoisonMessageError);
  });

  it('of an older version counts its consent as stated', () => {
    const body = JSON.stringify({ ...whole, consent: { given: false, type: 'explicit' } });
    expect(parseQueuedRegistration(body).consent).toEqual({ given: false, type: 'explicit', stated: true });
  });

  it('comes back as it was queued', () => {
    const hash = fc
      .stringMatching(/^[0-9a-f]{64}$/)
      .chain((hex) => fc.constantFrom(hex, `2026-11:${hex}`, `plain:${hex}`));
    const any = fc.record({
      sessionHash: hash,
      olderHashes: fc.array(hash, { maxLength: 1 }),
      provider: fc.constantFrom('webchat-v1', 'web-messaging'),
      consent: fc.record({
        given: fc.boolean(),
        type: fc.constantFrom('explicit' as const, 'implicit' as const),
        stated: fc.boolean(),
      }),
      queuedAtMs: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    });
    fc.assert(
      fc.property(any, (queued) => {
        expect(parseQueuedRegistration(JSON.stringify(queued))).toEqual(queued);
      }),
    );
  });

  it('is poison or a registration, whatever it holds, and the error repeats none of it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        try {
          parseQueuedRegistration(body);
        } catch (error) {
          expect(error).toBeInstanceOf(PoisonMessageError);
          expect(String(error)).toMatch(
            /^PoisonMessageError: The message (is not JSON\.|breaks its schema: [a-zA-Z0-9., ]+)$/,
          );
        }
      }),
    );
  });
});
