import { describe, expect, it } from '@jest/globals';
import * as v from 'valibot';
import { type ApiRequest, createApiClient } from '../../lambda/genesys/api-client.ts';
import type { GenesysEvent } from '../../lambda/genesys/events.ts';
import { createQuota } from '../../lambda/genesys/quota.ts';
import {
  TransportError,
  type TransportRequest,
  type TransportResponse,
} from '../../lambda/genesys/transport.ts';
import { createTestClock, deadlineIn } from '../support/clock.ts';
import { createRecordedTelemetry } from '../support/recorded-telemetry.ts';

const id = '8f3a2b1c-4d5e-6f7a-8b9c-0d1e2f3a4b5c';

/** A client whose one call is answered as told. */
const start = (reply: Partial<TransportResponse> | Error | 'hang' = {}) => {
  const clock = createTestClock();
  const telemetry = createRecordedTelemetry<GenesysEvent>();
  const sent: TransportRequest[] = [];
  const breaker = { suspendedMs: 0, settled: [] as boolean[] };
  const client = createApiClient({
    transport: async (request, signal) => {
      sent.push(request);
      await clock.sleep(reply === 'hang' ? 60_000 : 30, signal).catch(() => {
        throw new TransportError('lost', 'ERR_CANCELED');
      });
      if (reply instanceof Error) throw reply;
      return { status: 200, headers: {}, body: { id: 'guest-1' }, ...(reply as object) };
    },
    timeoutMs: 4000,
    clock,
    telemetry,
    breaker: {
      suspendedForMs: () => breaker.suspendedMs,
      settle: (succeeded) => breaker.settled.push(succeeded),
    },
    quota: createQuota({ clock, telemetry }),
  });
  const send = async (
    { deadline = deadlineIn(clock), ...change }: Partial<ApiRequest<{ id: string }>> = {},
    passMs = 5000,
  ) => {
    const sending = client.send({
      endpoint: 'guest',
      method: 'POST',
      url: 'https://api.example.com/guests',
      body: { json: { name: 'ü' } },
      schema: v.object({ id: v.string() }),
      deadline,
      ...change,
    });
    sending.catch(() => undefined);
    await clock.advance(passMs);
    return await sending;
  };
  return { clock, telemetry, sent, breaker, send };
};

describe('A call of Genesys', () => {
  it('sends JSON, or a form, and asks for JSON', async () => {
    const { sent, send } = start();
    await send({ headers: { Authorization: 'Bearer t' } });
    await send({ method: 'DELETE', body: { form: { a: '1 2', b: '&' } } });
    expect(sent).toEqual([
      {
        method: 'POST',
        url: 'https://api.example.com/guests',
        headers: {
          Accept: 'application/json',
          'Content-Type': 'application/json',
          Authorization: 'Bearer t',
        },
        body: '{"name":"ü"}',
      },
      {
        method: 'DELETE',
        url: 'https://api.example.com/guests',
        headers: { Accept: 'application/json', 'Content-Type': 'application/x-www-form-urlencoded' },
        body: 'a=1+2&b=%26',
      },
    ]);
  });

  it.each([200, 201, 299])('believes a %d that holds what was promised', async (status) => {
    const { breaker, telemetry, send } = start({ status, headers: { 'inin-correlation-id': id } });
    expect(await send()).toEqual({ kind: 'ok', value: { id: 'guest-1' } });
    expect(breaker.settled).toEqual([true]);
    expect(telemetry.recorded).toEqual([
      {
        event: 'genesys_called',
        fields: { endpoint: 'guest', outcome: 'ok', status, durationMs: 30, correlationId: id },
      },
    ]);
  });

  it('takes a limit for one, and no outage', async () => {
    const { breaker, telemetry, send } = start({ status: 429, headers: { 'retry-after': '7' } });
    expect(await send()).toEqual({ kind: 'limited', retryAfterMs: 7000 });
    expect(breaker.settled).toEqual([true]);
    expect(telemetry.of('genesys_failed')).toEqual([]);
  });

  it.each([
    [199, true],
    [300, true],
    [400, true],
    [499, true],
    [500, false],
    [503, false],
  ])('takes a %d for a refusal, which is an outage from 500 on', async (status, isFine) => {
    const { breaker, telemetry, send } = start({
      status,
      headers: { 'retry-after': '7', 'inin-correlation-id': id },
      body: { code: 'bad.request', message: 'why' },
    });
    expect(await send()).toEqual({
      kind: 'refused',
      status,
      retryAfterMs: 7000,
      problem: { code: 'bad.request', text: 'why' },
      correlationId: id,
    });
    expect(breaker.settled).toEqual([isFine]);
    expect(telemetry.of('genesys_failed')).toHaveLength(isFine ? 0 : 1);
  });

  it('does not believe a response that is not what was promised, which is no outage but a fault', async () => {
    const { breaker, telemetry, send } = start({ body: { guest: 'guest-1' } });
    expect(await send()).toEqual({ kind: 'malformed' });
    expect(breaker.settled).toEqual([true]);
    expect(telemetry.of('genesys_failed')).toEqual([
      {
        endpoint: 'guest',
        outcome: 'malformed',
        status: 200,
        durationMs: 30,
        correlationId: undefined,
        reason: undefined,
      },
    ]);
  });

  it.each([
    [new TransportError('unsent', 'ECONNREFUSED'), { kind: 'unsent' }, false],
    [new TransportError('lost', 'ECONNRESET'), { kind: 'lost', budgetEnded: false }, false],
    [new TransportError('malformed', 'HPE_INVALID_CONSTANT'), { kind: 'malformed' }, true],
  ])('without a response has an outcome, too: %#', async (failure, outcome, isFine) => {
    const { breaker, telemetry, send } = start(failure);
    expect(await send()).toEqual(outcome);
    expect(breaker.settled).toEqual([isFine]);
    expect(telemetry.of('genesys_failed')).toMatchObject([
      { outcome: outcome.kind, status: undefined, reason: failure.code },
    ]);
  });

  it('hides no defect', async () => {
    const { send } = start(new TypeError('a defect'));
    await expect(send()).rejects.toThrow('a defect');
  });

  it('ends with its own timeout, and with the request’s time', async () => {
    const { clock, telemetry, send } = start('hang');
    expect(await send()).toEqual({ kind: 'lost', budgetEnded: false });
    expect(await send({ deadline: deadlineIn(clock, 1000) })).toEqual({ kind: 'lost', budgetEnded: true });
    expect(telemetry.of('genesys_failed')).toMatchObject([
      { reason: 'timeout', durationMs: 4000 },
      { reason: 'timeout', durationMs: 1000 },
    ]);
  });

  it('leaves no timer behind', async () => {
    for (const reply of [{}, new TransportError('lost', 'ECONNRESET')]) {
      const { clock, send } = start(reply);
      const deadline = deadlineIn(clock, 60_000);
      const before = clock.pendingTimers;
      await send({ deadline }, 30);
      expect(clock.pendingTimers).toBe(before);
    }
  });

  it('has met the end of the request’s time also where the timer for that is late', async () => {
    const { send } = start(new TransportError('lost', 'ECONNRESET'));
    const remaining = [30];
    const late = { signal: new AbortController().signal, remainingMs: () => remaining.shift() ?? 0 };
    expect(await send({ deadline: late })).toEqual({ kind: 'lost', budgetEnded: true });
  });

  it('is not made once the request’s time is over', async () => {
    const { clock, sent, send } = start();
    const caller = new AbortController();
    const aborted = deadlineIn(clock, 8000, caller.signal);
    caller.abort();
    const over = { signal: new AbortController().signal, remainingMs: () => 0 };
    for (const deadline of [aborted, over]) {
      await expect(send({ deadline })).rejects.toMatchObject({ code: 'deadline_exceeded' });
    }
    expect(sent).toEqual([]);
  });

  it('is not made while calls are suspended, which says for how long', async () => {
    const { breaker, sent, send } = start();
    breaker.suspendedMs = 4001;
    await expect(send()).rejects.toMatchObject({ code: 'unavailable', retryAfterSeconds: 5 });
    expect([sent, breaker.settled]).toEqual([[], []]);
  });

  it.each([
    ['guest', 1],
    ['oauth', 0],
  ] as const)(
    'tells the quota of the API, which is not that of the token endpoint: %s',
    async (endpoint, told) => {
      const headers = {
        'inin-ratelimit-allowed': '300',
        'inin-ratelimit-count': '1',
        'inin-ratelimit-reset': '50',
      };
      const { telemetry, send } = start({ headers });
      await send({ endpoint });
      expect(telemetry.of('genesys_quota')).toHaveLength(told);
    },
  );
});
