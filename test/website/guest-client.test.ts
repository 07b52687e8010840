import { describe, expect, it } from '@jest/globals';
import { createGuestClient, GuestClientError, type Waiting } from '../../website/guest-client.ts';

const guest = {
  guestId: 'g',
  accessToken: 't',
  expiresAt: '2026-05-15T11:23:45.123Z',
  crmAttributes: {},
  enrichment: 'matched',
};
const queued = { status: 'queued', retryAfterSeconds: 1 };
const problem = {
  type: 'urn:problem:genesys_unavailable',
  title: 'Genesys Cloud is not available',
  status: 503,
  detail: 'Please try again.',
  error: 'Please try again.',
  code: 'genesys_unavailable',
  requestId: 'r',
  retryable: true,
  retryAfterSeconds: 7,
};

/** A server that gives its answers one after the other and remembers what it was sent. */
const server = (...answers: (() => Response)[]) => {
  const sent: { url: string; init: RequestInit }[] = [];
  const fake = async (input: unknown, init: RequestInit = {}) => {
    init.signal?.throwIfAborted();
    sent.push({ url: String(input), init });
    const answer = answers[sent.length - 1] ?? answers.at(-1);
    if (answer === undefined) throw new TypeError('fetch failed');
    return answer();
  };
  return { sent, fetch: fake as typeof fetch };
};
const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify(body), { status, headers });
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('the guest client', () => {
  it('sends the session and consent, and gives back the guest with the steps that the server tells', async () => {
    const timing = 'function;dur=12.5;desc="Function", genesys-1;dur=3.0;desc="Create the guest"';
    const { sent, fetch } = server(json(200, guest, { 'server-timing': timing }));
    const client = createGuestClient({ endpoint: '/api', fetch });
    const opened = await client.open({ sessionId: 's', consentGiven: false }, { signature: 't=1,v1=ab' });
    expect(opened).toMatchObject({
      guest,
      attempts: 1,
      steps: [
        { name: 'Function', durationMs: 12.5 },
        { name: 'Create the guest', durationMs: 3 },
      ],
    });
    expect(sent[0]).toMatchObject({
      url: '/api',
      init: {
        method: 'POST',
        body: '{"sessionId":"s","consentGiven":false}',
        credentials: 'omit',
        headers: { 'Content-Type': 'application/json', 'X-Session-Signature': 't=1,v1=ab' },
      },
    });
  });

  it('repeats the same request after the time that a queued registration names', async () => {
    const { sent, fetch } = server(json(202, queued), json(200, guest));
    const waits: Waiting[] = [];
    const startedAt = performance.now();
    const opened = await createGuestClient({ endpoint: '/api', fetch }).open(
      { sessionId: 's' },
      { onWaiting: (waiting) => waits.push(waiting) },
    );
    expect(performance.now() - startedAt).toBeGreaterThan(990);
    expect(opened.attempts).toBe(2);
    expect(waits).toEqual([{ attempt: 1, retryAfterSeconds: 1 }]);
    expect(sent.map(({ init }) => init.body)).toEqual(['{"sessionId":"s"}', '{"sessionId":"s"}']);
  });

  it('gives a queued registration up when its time is over', async () => {
    const { sent, fetch } = server(json(202, { status: 'queued', retryAfterSeconds: 30 }));
    const client = createGuestClient({ endpoint: '/api', fetch, maxWaitMs: 20_000 });
    expect(await failure(client.open({ sessionId: 's' }))).toMatchObject({
      code: 'still_queued',
      details: { retryable: true },
    });
    expect(sent).toHaveLength(1);
  });

  it('stops waiting at once when it is cancelled', async () => {
    const { fetch } = server(json(202, { status: 'queued', retryAfterSeconds: 30 }));
    const cancelled = new AbortController();
    const opening = failure(
      createGuestClient({ endpoint: '/api', fetch }).open(
        { sessionId: 's' },
        { signal: cancelled.signal, onWaiting: () => setTimeout(() => cancelled.abort('enough'), 10) },
      ),
    );
    expect(await opening).toBe('enough');
  });

  it('turns a problem into an error that says whether a repeat can help', async () => {
    const { fetch } = server(json(503, problem));
    const error = await failure(createGuestClient({ endpoint: '/api', fetch }).open({ sessionId: 's' }));
    expect(error).toBeInstanceOf(GuestClientError);
    expect(error).toMatchObject({
      code: 'genesys_unavailable',
      message: 'Please try again.',
      details: { status: 503, retryable: true, problem },
    });
  });

  it.each([
    ['no JSON', () => new Response('<html>', { status: 502 }), 'unexpected_answer', true],
    ['a 200 that holds no guest', json(200, { hello: 1 }), 'unexpected_answer', false],
    ['a 202 without a time', json(202, { status: 'queued' }), 'unexpected_answer', false],
    [
      'no answer at all',
      () => {
        throw new TypeError('fetch failed');
      },
      'network',
      true,
    ],
  ])('copes with %s', async (_, answer, code, retryable) => {
    const { fetch } = server(answer);
    const client = createGuestClient({ endpoint: '/api', fetch });
    expect(await failure(client.open({ sessionId: 's' }))).toMatchObject({ code, details: { retryable } });
  });
});
