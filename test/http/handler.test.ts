import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as v from 'valibot';
import { guestProblems, problemSchema, problems } from '../../lambda/contract.ts';
import { GuestError, type GuestErrorCode, LimitedError } from '../../lambda/guest/errors.ts';
import { signSession } from '../../lambda/http/session-signature.ts';
import { createHttpWorld, issuedResult, origin, restEvent } from '../support/http-world.ts';

/** What the caller of a bad request reads. */
const words: Readonly<Record<string, string>> = {
  invalid_json: 'The body must be a JSON object.',
  invalid_request: 'A field of the request is invalid.',
  method_not_allowed: 'Use POST.',
  payload_too_large: 'The body must be at most 8192 bytes.',
  unsupported_media_type: 'Send the body as application/json.',
  origin_not_allowed: 'This origin may not use the API.',
};

const json = (response: { body: string }) => JSON.parse(response.body) as Record<string, unknown>;

describe('A good request', () => {
  it('is answered with the guest, and may not be cached', async () => {
    const { handler, commands } = createHttpWorld();
    const response = await handler(restEvent({ sessionId: 's' }));
    expect(response.statusCode).toBe(200);
    expect(json(response)).toEqual({
      guestId: issuedResult.kind === 'issued' && issuedResult.guestId,
      accessToken: 'secret-guest-token',
      expiresAt: '2026-05-15T11:23:45.123Z',
      crmAttributes: { firstName: 'Jane' },
      enrichment: 'matched',
    });
    expect(response.headers).toMatchObject({
      'Content-Type': 'application/json; charset=utf-8',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'X-Request-Id': 'req-1',
    });
    expect(commands).toEqual([
      { sessionId: 's', consent: { given: true, type: 'explicit', stated: false }, verified: false },
    ]);
  });

  it.each([
    ['a REST API event', restEvent({ sessionId: 's' })],
    [
      'an HTTP API event',
      {
        version: '2.0',
        headers: { 'content-type': 'application/json' },
        body: '{"sessionId":"s"}',
        requestContext: { requestId: 'r', http: { method: 'POST' } },
      },
    ],
    [
      'a base64 body',
      restEvent(Buffer.from('{"sessionId":"s"}').toString('base64'), { isBase64Encoded: true }),
    ],
    [
      'shouted headers',
      restEvent(
        { sessionId: 's' },
        { headers: { 'Content-Type': '', 'CONTENT-TYPE': 'APPLICATION/JSON; charset=utf-8' } },
      ),
    ],
    [
      'multi-value headers',
      restEvent(
        { sessionId: 's' },
        {
          headers: { 'Content-Type': undefined as never },
          multiValueHeaders: { 'content-type': ['application/json'] },
        },
      ),
    ],
    ['unknown fields', restEvent({ sessionId: 's', more: { nested: null } })],
    ['the longest session id', restEvent({ sessionId: '𝒳'.repeat(128) })],
  ])('may be %s', async (_, event) => {
    const { handler } = createHttpWorld();
    expect((await handler(event as never)).statusCode).toBe(200);
  });

  it('that waits in the queue is told when to repeat', async () => {
    const { handler, state } = createHttpWorld();
    state.answer = { kind: 'queued', retryAfterSeconds: 3 };
    const response = await handler(restEvent({ sessionId: 's' }));
    expect(response.statusCode).toBe(202);
    expect(response.headers['Retry-After']).toBe('3');
    expect(json(response)).toEqual({ status: 'queued', retryAfterSeconds: 3 });
  });

  it('shows messaging where the provider has it', async () => {
    const { handler, state } = createHttpWorld();
    const messaging = { deploymentId: 'd', websocketUrl: 'wss://x', customAttributes: { guest: 'g' } };
    state.answer = { ...issuedResult, token: { accessToken: 't', expiresAt: 'e', messaging } } as never;
    expect(json(await handler(restEvent({ sessionId: 's' })))).toMatchObject({ messaging });
  });
});

describe('A bad request is refused with its reason', () => {
  it.each<[string, unknown, string, number]>([
    ['an empty body', restEvent(''), 'invalid_json', 400],
    ['no body', { ...restEvent(''), body: null }, 'invalid_json', 400],
    ['broken JSON', restEvent('{"sessionId":'), 'invalid_json', 400],
    ['a JSON scalar', restEvent('"text"'), 'invalid_json', 400],
    ['JSON null', restEvent('null'), 'invalid_json', 400],
    ['a JSON array', restEvent('[]'), 'invalid_json', 400],
    [
      'a body that reaches for the prototype',
      restEvent('{"sessionId":"s","__proto__":{"a":1}}'),
      'invalid_json',
      400,
    ],
    ['no session id', restEvent({}), 'invalid_request', 400],
    ['a null session id', restEvent({ sessionId: null }), 'invalid_request', 400],
    ['an empty session id', restEvent({ sessionId: '' }), 'invalid_request', 400],
    ['a session id that is too long', restEvent({ sessionId: 'x'.repeat(257) }), 'invalid_request', 400],
    ['a control character', restEvent({ sessionId: 'a\u0085b' }), 'invalid_request', 400],
    ['a lone surrogate', restEvent('{"sessionId":"\\ud800"}'), 'invalid_request', 400],
    ['a null consent', restEvent({ sessionId: 's', consentGiven: null }), 'invalid_request', 400],
    ['a textual consent', restEvent({ sessionId: 's', consentGiven: 'true' }), 'invalid_request', 400],
    ['an unknown consent type', restEvent({ sessionId: 's', consentType: 'tacit' }), 'invalid_request', 400],
    ['another method', restEvent('', { method: 'GET' }), 'method_not_allowed', 405],
    ['a body over 8 KiB', restEvent({ sessionId: 's', pad: 'x'.repeat(8192) }), 'payload_too_large', 413],
    ['no content type', { ...restEvent({ sessionId: 's' }), headers: {} }, 'unsupported_media_type', 415],
    [
      'a form',
      restEvent('sessionId=s', { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
      'unsupported_media_type',
      415,
    ],
    [
      'a foreign origin',
      restEvent({ sessionId: 's' }, { headers: { Origin: 'https://evil.example' } }),
      'origin_not_allowed',
      403,
    ],
    [
      'the origin "null"',
      restEvent({ sessionId: 's' }, { headers: { Origin: 'null' } }),
      'origin_not_allowed',
      403,
    ],
  ])('%s', async (_, event, code, status) => {
    const { handler, commands } = createHttpWorld();
    const response = await handler(event as never);
    expect(response.statusCode).toBe(status);
    expect(response.headers['Content-Type']).toBe('application/problem+json; charset=utf-8');
    expect(v.parse(v.strictObject(problemSchema.entries), json(response))).toMatchObject({
      type: `urn:problem:${code}`,
      code,
      status,
      requestId: 'req-1',
      retryable: false,
      detail: words[code],
      error: words[code],
    });
    expect(commands).toHaveLength(0);
    expect(response.headers).not.toHaveProperty('Retry-After');
    expect(response.headers['Allow']).toBe(status === 405 ? 'POST, OPTIONS' : undefined);
  });

  it('naming every field that is wrong, and no value', async () => {
    const { handler } = createHttpWorld();
    const body = { sessionId: 7331, consentGiven: 'maybe-so', consentType: 'tacit-value' };
    const response = await handler(restEvent(body));
    expect(json(response)['errors']).toEqual([
      { path: 'sessionId', message: 'must be a string' },
      { path: 'consentGiven', message: 'must be true or false' },
      { path: 'consentType', message: 'must be "explicit" or "implicit"' },
    ]);
    expect(response.body).not.toMatch(/7331|maybe-so|tacit-value/);
  });

  it('measuring the body in bytes after base64 decoding', async () => {
    const { handler } = createHttpWorld();
    const body = JSON.stringify({ sessionId: 's', pad: 'x'.repeat(8192 - 26) });
    expect(Buffer.byteLength(body)).toBe(8192 - 26 + '{"sessionId":"s","pad":""}'.length);
    const encoded = { isBase64Encoded: true };
    expect((await handler(restEvent(Buffer.from(body).toString('base64'), encoded))).statusCode).toBe(200);
    expect((await handler(restEvent(Buffer.from(`${body} `).toString('base64'), encoded))).statusCode).toBe(
      413,
    );
  });

  it('whatever the body is, it is never our fault', async () => {
    const { handler } = createHttpWorld();
    const anyBody = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc
        .record(
          { sessionId: fc.anything(), consentGiven: fc.anything(), consentType: fc.anything() },
          { requiredKeys: [] },
        )
        .map((body) => {
          try {
            return JSON.stringify(body) ?? '';
          } catch {
            return '';
          }
        }),
    );
    await fc.assert(
      fc.asyncProperty(anyBody, fc.boolean(), async (body, isBase64Encoded) => {
        const { statusCode } = await handler(restEvent(body, { isBase64Encoded }));
        expect([200, 400, 413]).toContain(statusCode);
      }),
      { numRuns: 10_000 },
    );
  });

  it('whatever the event is, there is an answer', async () => {
    const { handler } = createHttpWorld();
    for (const event of [undefined, null, {}, { headers: null }, { requestContext: {} }]) {
      expect((await handler(event as never)).statusCode).toBe(405);
    }
  });
});

describe('Consent', () => {
  const strict = { requireExplicitConsent: true };
  it.each([
    ['absent', {}],
    ['implicit', { consentGiven: true, consentType: 'implicit' }],
    ['implicit and not outspoken', { consentType: 'implicit' }],
  ])('is required where it must be explicit and is %s', async (_, body) => {
    const { handler } = createHttpWorld(strict);
    const response = await handler(restEvent({ sessionId: 's', ...body }));
    expect([response.statusCode, json(response)['code']]).toEqual([403, 'consent_required']);
  });

  it.each([
    ['given', { consentGiven: true }, true],
    ['refused outspokenly', { consentGiven: false }, false],
    ['refused outspokenly, of whatever type', { consentGiven: false, consentType: 'implicit' }, false],
  ])('goes on when it is %s', async (_, body, given) => {
    const { handler, commands } = createHttpWorld(strict);
    expect((await handler(restEvent({ sessionId: 's', ...body }))).statusCode).toBe(200);
    expect(commands[0]?.consent.given).toBe(given);
  });
});

describe('CORS', () => {
  it('names the exact origin and what a script may read', async () => {
    const { handler } = createHttpWorld();
    const { headers } = await handler(restEvent({ sessionId: 's' }, { headers: { origin } }));
    expect(headers).toMatchObject({
      'Access-Control-Allow-Origin': origin,
      'Access-Control-Expose-Headers': 'Retry-After, X-Request-Id',
      Vary: 'Origin',
    });
    expect(headers).not.toHaveProperty('Access-Control-Allow-Methods');
  });

  it('is on errors too, so that a script can read why', async () => {
    const { handler } = createHttpWorld();
    const { headers } = await handler(restEvent('', { headers: { origin } }));
    expect(headers['Access-Control-Allow-Origin']).toBe(origin);
  });

  it('is absent for a foreign origin and for callers that are no browser', async () => {
    const { handler } = createHttpWorld();
    for (const headers of [{ origin: 'https://evil.example' }, {}]) {
      const response = await handler(restEvent({ sessionId: 's' }, { headers }));
      expect(Object.keys(response.headers).join()).not.toMatch(/access-control/i);
    }
  });

  it('answers a preflight with 204 for an allowed origin and 403 for another', async () => {
    const { handler } = createHttpWorld();
    const preflight = await handler(restEvent('', { method: 'OPTIONS', headers: { origin } }));
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers['Access-Control-Allow-Headers']).toBe('Content-Type, X-Session-Signature');
    expect(preflight.headers['Access-Control-Allow-Methods']).toContain('POST');
    expect(preflight.headers['Access-Control-Max-Age']).toBe('600');
    expect(preflight.body).toBe('');
    expect(preflight.headers).not.toHaveProperty('Content-Type');
    const foreign = await handler(
      restEvent('', { method: 'OPTIONS', headers: { origin: 'https://evil.example' } }),
    );
    expect(foreign.statusCode).toBe(403);
  });

  it('never answers "*", also where every origin is allowed', async () => {
    const { handler } = createHttpWorld({ allowedOrigins: '*' });
    const { headers } = await handler(
      restEvent({ sessionId: 's' }, { headers: { origin: 'https://any.example' } }),
    );
    expect(headers['Access-Control-Allow-Origin']).toBe('https://any.example');
  });
});

describe('Signed sessions', () => {
  const key = Buffer.alloc(32, 7);
  const rotated = Buffer.alloc(32, 9);
  const signed = (keys: Uint8Array[], refreshed?: Uint8Array[]) =>
    createHttpWorld(
      { sessionVerification: 'required' },
      { current: async () => keys, refreshed: async () => refreshed },
    );
  const call = async (world: ReturnType<typeof signed>, signature?: string) =>
    (
      await world.handler(
        restEvent(
          { sessionId: 's' },
          { headers: signature === undefined ? {} : { 'X-Session-Signature': signature } },
        ),
      )
    ).statusCode;

  it('are served with a good signature by either key', async () => {
    expect(await call(signed([rotated, key]), signSession('s', key, Date.now()))).toBe(200);
    expect(await call(signed([rotated, key]), signSession('s', rotated, Date.now()))).toBe(200);
  });

  it('are served when the key turns out to have been rotated', async () => {
    expect(await call(signed([key], [rotated]), signSession('s', rotated, Date.now()))).toBe(200);
  });

  it.each([
    ['missing', undefined],
    ['malformed', 't=now,v1=00'],
    ['of another session', signSession('other', key, Date.now())],
    ['by an unknown key', signSession('s', rotated, Date.now())],
    ['too old', signSession('s', key, Date.now() - 301_000)],
    ['of the future', signSession('s', key, Date.now() + 310_000)],
  ])('are refused when the signature is %s', async (_, signature) => {
    expect(await call(signed([key]), signature)).toBe(401);
  });
});

describe('An error', () => {
  it.each(Object.entries(guestProblems))(
    'of the domain, %s, has its status, code and words',
    async (reason, known) => {
      const { handler, state } = createHttpWorld();
      state.answer = new GuestError(reason as GuestErrorCode, { retryAfterSeconds: 5 });
      const response = await handler(restEvent({ sessionId: 's' }));
      const { status, title, retryable } = problems[known.code];
      expect(response.statusCode).toBe(status);
      expect(json(response)).toEqual({
        type: `urn:problem:${known.code}`,
        title,
        status,
        detail: known.detail,
        error: known.detail,
        code: known.code,
        requestId: 'req-1',
        retryable,
        retryAfterSeconds: 5,
      });
      expect(response.headers['Retry-After']).toBe('5');
    },
  );

  it('of limiting carries Retry-After', async () => {
    const { handler, state } = createHttpWorld();
    state.answer = new LimitedError(41_200, false);
    const response = await handler(restEvent({ sessionId: 's' }));
    expect([response.statusCode, response.headers['Retry-After']]).toEqual([503, '42']);
  });

  it('that is a defect of ours says nothing of its cause', async () => {
    const { handler, state, telemetry } = createHttpWorld();
    state.answer = new TypeError('cannot read jane@example.com of undefined');
    const response = await handler(restEvent({ sessionId: 's' }));
    expect([response.statusCode, json(response)['code']]).toEqual([500, 'internal_error']);
    expect(response.body).not.toContain('jane');
    expect(JSON.stringify(telemetry.recorded)).not.toContain('jane');
    expect(telemetry.of('unexpected_error')).toEqual([expect.objectContaining({ name: 'TypeError' })]);
  });

  it.each([
    ['request_refused', '{', 'invalid_json'],
    ['request_failed', '{"sessionId":"s"}', 'genesys_unavailable'],
  ] as const)(
    'is logged as %s: what the caller gets stands beside that code, not in its place',
    async (event, body, problem) => {
      const { handler, state, telemetry } = createHttpWorld();
      state.answer = new LimitedError(1000, false);
      await handler(restEvent(body));
      const [fields] = telemetry.of(event);
      expect(fields).toMatchObject({ problem });
      expect(fields).not.toHaveProperty('code');
    },
  );
});

describe('The time budget', () => {
  it('ends a request that hangs with 504', async () => {
    const { handler, state, clock } = createHttpWorld({ initBudgetMs: 8000 });
    state.hang = true;
    const response = handler(restEvent({ sessionId: 's' }));
    await clock.advance(8000);
    expect([(await response).statusCode, json(await response)['code']]).toEqual([504, 'deadline_exceeded']);
  });

  it('is never more than the remaining time of the function less 500 ms', async () => {
    const { handler, state, clock } = createHttpWorld();
    state.hang = true;
    const response = handler(restEvent({ sessionId: 's' }), { getRemainingTimeInMillis: () => 5000 });
    await clock.advance(4500);
    expect((await response).statusCode).toBe(504);
  });
});

describe('Input that could be taken for something else', () => {
  it.each([
    ['ConsentGiven', { sessionId: 's', ConsentGiven: false }],
    ['consentgiven', { sessionId: 's', consentGiven: true, consentgiven: false }],
    ['CONSENTTYPE', { sessionId: 's', CONSENTTYPE: 'implicit' }],
    ['SessionId', { SessionId: 's' }],
  ])('a field spelt %s is refused by its name, and is no consent', async (name, body) => {
    const { handler, commands } = createHttpWorld();
    const response = await handler(restEvent(body));
    expect([response.statusCode, json(response)['code']]).toEqual([400, 'invalid_request']);
    expect(json(response)['errors']).toContainEqual({
      path: name,
      message: 'is not spelt as the API spells it',
    });
    expect(commands).toEqual([]);
  });

  it('null is not absent', async () => {
    const { handler } = createHttpWorld();
    const response = await handler(restEvent({ sessionId: 's', consentGiven: null }));
    expect(json(response)).toMatchObject({ code: 'invalid_request', errors: [{ path: 'consentGiven' }] });
  });

  it.each(['ff', 'fe', 'c3', 'eda080', 'c0af'])(
    'a base64 body with the bytes %s, which are not UTF-8, is invalid_json',
    async (hex) => {
      const { handler, commands } = createHttpWorld();
      const bytes = Buffer.concat([
        Buffer.from('{"sessionId":"'),
        Buffer.from(hex, 'hex'),
        Buffer.from('"}'),
      ]);
      const response = await handler(restEvent(bytes.toString('base64'), { isBase64Encoded: true }));
      expect([response.statusCode, json(response)['code']]).toEqual([400, 'invalid_json']);
      expect(commands).toEqual([]);
    },
  );

  it('silence is passed on as silence', async () => {
    const { handler, commands } = createHttpWorld();
    await handler(restEvent({ sessionId: 's' }));
    await handler(restEvent({ sessionId: 's', consentGiven: true }));
    expect(commands.map(({ consent }) => consent)).toEqual([
      { given: true, type: 'explicit', stated: false },
      { given: true, type: 'explicit', stated: true },
    ]);
  });
});

describe('Signatures that need keys which the secret lacks', () => {
  it('are refused, and the operator reads why', async () => {
    const { handler, telemetry } = createHttpWorld({ sessionVerification: 'required' });
    const signature = signSession('s', Buffer.alloc(32, 7), Date.now());
    const response = await handler(
      restEvent({ sessionId: 's' }, { headers: { 'X-Session-Signature': signature } }),
    );
    expect(response.statusCode).toBe(401);
    expect(telemetry.of('signing_keys_missing')).toHaveLength(1);
  });
});

describe('Verification', () => {
  it.each([
    ['off', false],
    ['optional', true],
  ] as const)(
    'where it is %s, a right signature makes verified %s',
    async (sessionVerification, verified) => {
      const key = Buffer.alloc(32, 7);
      const { handler, commands } = createHttpWorld(
        { sessionVerification },
        { current: async () => [key], refreshed: async () => undefined },
      );
      const headers = { 'X-Session-Signature': signSession('s', key, Date.now()) };
      await handler(restEvent({ sessionId: 's' }, { headers }));
      await handler(restEvent({ sessionId: 's' }));
      expect(commands.map((command) => command.verified)).toEqual([verified, false]);
    },
  );
});
