import { describe, expect, it } from '@jest/globals';
import { GuestError } from '../../lambda/guest/errors.ts';
import { signSession } from '../../lambda/http/session-signature.ts';
import { createHttpWorld, restEvent } from '../support/http-world.ts';

const good = restEvent({ sessionId: 's' });
const json = (response: { body: string }) => JSON.parse(response.body) as Record<string, unknown>;

describe('What an operator reads of a request', () => {
  it('is its status and how long it took', async () => {
    const { handler, state, clock, telemetry } = createHttpWorld({}, undefined, false);
    state.latencyMs = 30;
    const issuing = handler(good);
    await clock.advance(30);
    await issuing;
    state.answer = { kind: 'queued', retryAfterSeconds: 3 };
    const queueing = handler(good);
    await clock.advance(30);
    await queueing;
    expect(telemetry.recorded).toEqual([
      { event: 'request_issued', fields: { status: 200, durationMs: 30 } },
      { event: 'request_queued', fields: { status: 202, durationMs: 30 } },
    ]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is also its code where it was refused, and nothing that a fault of ours would say', async () => {
    const { handler, telemetry } = createHttpWorld({}, undefined, false);
    await handler(restEvent('', { method: 'GET' }));
    expect(telemetry.recorded).toEqual([
      { event: 'request_refused', fields: { status: 405, problem: 'method_not_allowed', durationMs: 0 } },
    ]);
  });

  it.each([
    ['rejected', 502, 'genesys_rejected', 'request_failed'],
    ['deadline_exceeded', 504, 'deadline_exceeded', 'request_failed'],
    ['unverified', 401, 'invalid_signature', 'request_refused'],
  ] as const)('is a failure from 500 on: %s', async (reason, status, code, event) => {
    const { handler, state, clock, telemetry } = createHttpWorld({}, undefined, false);
    state.answer = new GuestError(reason);
    state.latencyMs = 30;
    const failing = handler(good);
    await clock.advance(30);
    await failing;
    expect(telemetry.recorded).toEqual([{ event, fields: { status, problem: code, durationMs: 30 } }]);
  });

  it('is that it was the first of its container, once, and not where that was started ahead of it', async () => {
    const cold = createHttpWorld();
    await cold.handler(good);
    await cold.handler(good);
    expect(cold.telemetry.of('cold_start')).toHaveLength(1);
    const warm = createHttpWorld({}, undefined, false);
    await warm.handler(good);
    expect(warm.telemetry.of('cold_start')).toEqual([]);
  });

  it('is which fault a signature had, and whether keys are missing', async () => {
    const key = Buffer.alloc(32, 7);
    const keys = { current: async () => [key], refreshed: async () => undefined };
    const { handler, telemetry } = createHttpWorld({ sessionVerification: 'required' }, keys);
    const response = await handler(good);
    expect(json(response)).toMatchObject({
      code: 'invalid_signature',
      detail: 'The session signature is missing, wrong or too old.',
    });
    const headers = { 'X-Session-Signature': signSession('other', key, Date.now()) };
    await handler(restEvent({ sessionId: 's' }, { headers }));
    expect(telemetry.of('signature_refused')).toEqual([{ fault: 'missing' }, { fault: 'no_key_matches' }]);
    expect(telemetry.of('signing_keys_missing')).toEqual([]);
  });
});

describe('What an operator reads of a defect', () => {
  const failed = async (thrown: unknown) => {
    const { handler, state, telemetry } = createHttpWorld({}, undefined, false);
    state.thrown = thrown;
    const response = await handler(good);
    expect(json(response)).toMatchObject({
      status: 500,
      code: 'internal_error',
      detail: 'Something went wrong on our side.',
    });
    expect(telemetry.of('request_failed')).toMatchObject([{ status: 500, problem: 'internal_error' }]);
    return telemetry.of('unexpected_error')[0];
  };

  it('is its name and its first six places, and nothing of its message', async () => {
    const error = new TypeError('jane@example.com');
    const places = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'].map(
      (name) => `at ${name} (a.ts:1:1)`,
    );
    const indented = places.map((place, index) => `${' '.repeat(1 + index)}${place}`);
    error.stack = ['TypeError: jane@example.com', 'at jane at example.com', ...indented].join('\n');
    expect(await failed(error)).toEqual({ name: 'TypeError', frames: places.slice(0, 6).join(' | ') });
  });

  it('is no more than its name where it has no places', async () => {
    const error = new RangeError('jane@example.com');
    delete error.stack;
    expect(await failed(error)).toEqual({ name: 'RangeError', frames: '' });
  });

  it('is what it is where it is no error at all', async () => {
    expect(await failed('jane@example.com')).toEqual({ name: 'string' });
  });
});

describe('The id of a request', () => {
  it('is API Gateway’s, else Lambda’s', async () => {
    const { handler, invocations } = createHttpWorld();
    const context = { awsRequestId: 'aws-1' };
    const first = await handler(good, context);
    const second = await handler({ ...good, requestContext: {} }, context);
    expect(invocations).toEqual(['req-1', 'aws-1']);
    expect([first.headers['X-Request-Id'], second.headers['X-Request-Id']]).toEqual(invocations);
  });
});

describe('A request that outlasts its invocation', () => {
  it('is answered before Lambda ends it, though every timer of ours stand still', async () => {
    const { handler, state } = createHttpWorld();
    state.hang = true;
    const response = await handler(good, { getRemainingTimeInMillis: () => 210 });
    expect([response.statusCode, json(response)['code']]).toEqual([504, 'deadline_exceeded']);
  });
});
