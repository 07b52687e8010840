import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  InvalidSignatureError,
  type SignatureFault,
  signSession,
  signSessionToken,
} from '../../lambda/http/session-signature.ts';
import { type SigningKeys, verifySession } from '../../lambda/http/session-verification.ts';

const key = Buffer.alloc(32, 7);
const newerKey = Buffer.alloc(32, 8);
const audience = 'guest-profiles:test';
const sessionId = 'b1946ac9-2c1f-4c8e-9d0a-6b1f3a2e5d4c';
const nowMs = Date.parse('2026-05-15T10:00:00.500Z');
const now = Math.floor(nowMs / 1000);
const deadline = { signal: new AbortController().signal, remainingMs: () => 8000 };

/** Keys that count how often they are asked for. */
const keysOf = (current: readonly Uint8Array[], refreshed?: readonly Uint8Array[]) => {
  const asked = { current: 0, refreshed: 0 };
  const keys: SigningKeys = {
    current: async () => {
      asked.current += 1;
      return current;
    },
    refreshed: async () => {
      asked.refreshed += 1;
      return refreshed;
    },
  };
  return { keys, asked };
};

const verify = async (
  header: string | undefined,
  {
    mode = 'required' as 'off' | 'optional' | 'required',
    session = sessionId,
    keys = keysOf([key]).keys,
    atMs = nowMs,
  } = {},
): Promise<boolean> => await verifySession(header, session, { mode, audience, keys }, atMs, deadline);

/** Why a header is refused; fails where it is not. */
const faultOf = async (...given: Parameters<typeof verify>): Promise<SignatureFault> => {
  try {
    await verify(...given);
  } catch (error) {
    if (!(error instanceof InvalidSignatureError)) throw error;
    expect(error.code).toBe('invalid_signature');
    expect(error.message).not.toContain(sessionId);
    return error.fault;
  }
  throw new Error('it was verified');
};

const part = (value: unknown): string =>
  (Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value))).toString('base64url');

const hs256 = { alg: 'HS256', typ: 'JWT' };
const claims = { sub: sessionId, aud: audience, iat: now, exp: now + 300 };

/** A token as a careless or hostile library might make it: any header, any claims, a right HMAC. */
const tokenOf = (payload: unknown, header: unknown = hs256, secret: Uint8Array = key): string => {
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
};

const forms = {
  'the t=,v1= form': async (secret: Uint8Array, atMs = nowMs, session = sessionId) =>
    signSession(session, secret, atMs),
  'the token form': async (secret: Uint8Array, atMs = nowMs, session = sessionId) =>
    await signSessionToken(session, audience, secret, atMs),
};
const eachForm = Object.entries(forms);

describe('A mode', () => {
  it('off ignores the header, and asks for no key', async () => {
    const { keys, asked } = keysOf([key]);
    for (const header of [undefined, 'nonsense', signSession(sessionId, key, nowMs)]) {
      expect(await verify(header, { mode: 'off', keys })).toBe(false);
    }
    expect(asked).toEqual({ current: 0, refreshed: 0 });
  });

  it('optional serves a request without a header as unverified, and asks for no key', async () => {
    const { keys, asked } = keysOf([key]);
    expect(await verify(undefined, { mode: 'optional', keys })).toBe(false);
    expect(asked).toEqual({ current: 0, refreshed: 0 });
  });

  it('required refuses a request without a header', async () => {
    expect(await faultOf(undefined)).toBe('missing');
  });

  describe.each(['optional', 'required'] as const)('%s', (mode) => {
    it.each(eachForm)('verifies a right signature in %s', async (_, signed) => {
      expect(await verify(await signed(key), { mode })).toBe(true);
    });

    it.each(eachForm)('refuses %s of another session', async (_, signed) => {
      expect(await faultOf(await signed(key, nowMs, 'another'), { mode })).toBe(
        _ === 'the token form' ? 'other_session' : 'no_key_matches',
      );
    });

    it.each(eachForm)('refuses %s by an unknown key', async (_, signed) => {
      expect(await faultOf(await signed(newerKey), { mode })).toBe('no_key_matches');
    });

    it.each(['', ' ', 'nonsense'])(
      'refuses the header %j, which is there and is no signature',
      async (header) => {
        expect(await faultOf(header, { mode })).toBe('malformed');
      },
    );
  });
});

describe.each(eachForm)('In %s', (form, signed) => {
  it('either of two keys is right', async () => {
    for (const secret of [key, newerKey]) {
      expect(await verify(await signed(secret), { keys: keysOf([newerKey, key]).keys })).toBe(true);
    }
  });

  it('a right signature asks for the keys once and never for fresh ones', async () => {
    const { keys, asked } = keysOf([key], [newerKey]);
    await verify(await signed(key), { keys });
    expect(asked).toEqual({ current: 1, refreshed: 0 });
  });

  it('a key that was rotated in since is found by asking once', async () => {
    const { keys, asked } = keysOf([key], [newerKey]);
    expect(await verify(await signed(newerKey), { keys })).toBe(true);
    expect(asked).toEqual({ current: 1, refreshed: 1 });
  });

  it('a signature that the fresh keys did not make either is refused', async () => {
    const { keys, asked } = keysOf([key], [key]);
    expect(await faultOf(await signed(newerKey), { keys })).toBe('no_key_matches');
    expect(asked).toEqual({ current: 1, refreshed: 1 });
  });

  it.each<[string, Buffer[], Buffer[] | undefined, SignatureFault]>([
    ['none, and nothing new', [], undefined, 'no_keys'],
    ['none, when read again too', [], [], 'no_keys'],
    ['taken out since', [newerKey], [], 'no_keys'],
    ['put in since, but another one', [], [newerKey], 'no_key_matches'],
  ])('a secret without keys is named as the fault (%s)', async (_, current, refreshed, fault) => {
    expect(await faultOf(await signed(key), { keys: keysOf(current, refreshed).keys })).toBe(fault);
  });

  it('keys that cannot be read are a failure of ours, not a wrong signature', async () => {
    const keys: SigningKeys = {
      current: async () => {
        throw new Error('the secret cannot be read');
      },
      refreshed: async () => undefined,
    };
    await expect(verify(await signed(key), { keys })).rejects.toThrow('the secret cannot be read');
  });

  it('it holds for 300 seconds', async () => {
    const header = await signed(key);
    expect(await verify(header, { atMs: (now + 299) * 1000 })).toBe(true);
    expect(await faultOf(header, { atMs: (now + 300) * 1000 + 1 })).toBe('stale');
  });

  it('it holds at the very end of its 300 seconds, where its form allows that', async () => {
    const header = await signed(key, now * 1000);
    const atTheEnd = { atMs: (now + 300) * 1000 };
    if (form === 'the token form') expect(await faultOf(header, atTheEnd)).toBe('stale');
    else expect(await verify(header, atTheEnd)).toBe(true);
    expect(await verify(await signed(key, (now + 300) * 1000), { atMs: now * 1000 })).toBe(true);
  });

  it('a signing clock may be 300 seconds ahead', async () => {
    expect(await verify(await signed(key, nowMs + 300_000))).toBe(true);
    expect(await faultOf(await signed(key, nowMs + 302_000))).toBe('stale');
  });

  it('what is stale asks for no key', async () => {
    const { keys, asked } = keysOf([key]);
    await faultOf(await signed(key, nowMs - 302_000), { keys });
    expect(asked).toEqual({ current: 0, refreshed: 0 });
  });

  it('spaces around the header are no part of it', async () => {
    expect(await verify(` \t${await signed(key)} `)).toBe(true);
  });

  it('two signatures, as gateways join two headers, are none', async () => {
    const header = await signed(key);
    expect(await faultOf(`${header},${header}`)).toBe('malformed');
    expect(await faultOf(`${header}, ${header}`)).toBe('malformed');
  });

  it('any session id that a website may use can be signed', async () => {
    const ids = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 256 });
    await fc.assert(
      fc.asyncProperty(ids, async (session) => {
        fc.pre(session.length <= 256 && !/\p{Cc}/u.test(session));
        expect(await verify(await signed(key, nowMs, session), { session })).toBe(true);
      }),
    );
  });

  it('the longest session id fits, written in the longest way', async () => {
    const session = '\u{1F600}'.repeat(128);
    expect(await verify(await signed(key, nowMs, session), { session })).toBe(true);
    const escaped = `{"sub":"${'\\ud83d\\ude00'.repeat(128)}","aud":"${audience}","iat":${now},"exp":${now + 300}}`;
    expect(await verify(tokenOf(Buffer.from(escaped)), { session })).toBe(true);
  });

  it('no header with one bit changed is right', async () => {
    const header = Buffer.from(await signed(key));
    for (let bit = 0; bit < header.length * 8; bit += 1) {
      const changed = Buffer.from(header);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      await faultOf(changed.toString('latin1'));
    }
  });

  it('no session id with one bit changed is right', async () => {
    const ids = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(ids, fc.nat(), async (session, n) => {
        const header = await signed(key, nowMs, session);
        const bit = n % (session.length * 16);
        const unit = bit >> 4;
        const flipped = String.fromCharCode(session.charCodeAt(unit) ^ (1 << (bit & 15)));
        const changed = session.slice(0, unit) + flipped + session.slice(unit + 1);
        // A lone surrogate is refused before (`initRequestSchema`).
        fc.pre(changed.isWellFormed());
        expect(await faultOf(header, { session: changed })).toBe(
          form === 'the token form' ? 'other_session' : 'no_key_matches',
        );
      }),
    );
  });

  it('no text that is made up is right, and none ends in another error', async () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'grapheme-ascii' }),
      fc
        .tuple(fc.jsonValue(), fc.jsonValue(), fc.uint8Array({ minLength: 32, maxLength: 32 }))
        .map(
          ([header, payload, mac]) =>
            `${part(header)}.${part(payload)}.${Buffer.from(mac).toString('base64url')}`,
        ),
      fc.tuple(fc.nat(), fc.stringMatching(/^[0-9a-f]{60,66}$/)).map(([t, v1]) => `t=${t},v1=${v1}`),
    );
    await fc.assert(fc.asyncProperty(texts, async (text) => void (await faultOf(text))));
  });
});

describe("The website developer's page", () => {
  const page = readFileSync(new URL('../../docs/verified-sessions.md', import.meta.url), 'utf8');
  const value = (name: string): string => new RegExp(`^${name} +(\\S+)$`, 'm').exec(page)?.[1] ?? '';

  // Computed by Python's hmac, not by this service.
  it.each(['simple', 'token'])('shows values that belong together: the %s form', async (form) => {
    const options = {
      mode: 'required',
      audience: value('audience'),
      keys: keysOf([Buffer.from(value('key'), 'base64')]).keys,
    } as const;
    const atMs = Number(value('time')) * 1000;
    expect(await verifySession(value(form), value('session id'), options, atMs, deadline)).toBe(true);
  });

  it('shows the simple form as this service makes it', () => {
    const madeHere = signSession(
      value('session id'),
      Buffer.from(value('key'), 'base64'),
      Number(value('time')) * 1000,
    );
    expect(value('simple')).toBe(madeHere);
  });
});

describe('The t=,v1= form', () => {
  const right = signSession(sessionId, key, nowMs);
  const v1 = right.split('v1=')[1] ?? '';

  it('takes hex digits in capitals, as some languages write them, but not mixed', async () => {
    expect(await verify(right.replace(v1, v1.toUpperCase()))).toBe(true);
    expect(await faultOf(right.replace(v1, v1.slice(0, 32) + v1.slice(32).toUpperCase()))).toBe('malformed');
  });

  it.each([
    ['a parameter twice', `t=${now},t=${now},v1=${v1}`],
    ['two signatures', `${right},v1=${v1}`],
    ['the other order', `v1=${v1},t=${now}`],
    ['a space after the comma', right.replace(',', ', ')],
    ['capital names', right.replace('t=', 'T=')],
    ['a signature that is cut off', right.slice(0, -1)],
    ['a signature with more behind it', `${right}0`],
    ['no time', `t=,v1=${v1}`],
    ['a negative time', `t=-${now},v1=${v1}`],
    ['a fraction', `t=${now}.5,v1=${v1}`],
    ['a time in hexadecimal', `t=0x${now.toString(16)},v1=${v1}`],
    ['digits of another script', right.replace(/\d/, '\u0661')],
    ['4 kB', `t=${now},v1=${v1.repeat(64)}`],
    ['a megabyte', `t=${'1'.repeat(1_000_000)}`],
  ])('is refused with %s, before a key is asked for', async (_, header) => {
    const { keys, asked } = keysOf([key]);
    expect(await faultOf(header, { keys })).toBe('malformed');
    expect(asked).toEqual({ current: 0, refreshed: 0 });
  });

  it('is refused in milliseconds, a common mistake', async () => {
    expect(await faultOf(signSession(sessionId, key, nowMs * 1000))).toBe('malformed');
  });
});

describe('The token form', () => {
  it('takes what other libraries write beside the claims that count', async () => {
    const extra = { ...claims, iss: 'shop', jti: '1', nbf: now, name: 'Jane', roles: ['customer'] };
    expect(await verify(tokenOf(extra, { alg: 'HS256', kid: '2026-11' }))).toBe(true);
  });

  it('takes a list of audiences with ours in it', async () => {
    expect(await verify(tokenOf({ ...claims, aud: ['shop', audience] }))).toBe(true);
  });

  it.each<[string, SignatureFault, object]>([
    ['without a session', 'other_session', { ...claims, sub: undefined }],
    ['with another session', 'other_session', { ...claims, sub: 'another' }],
    ['with a list of sessions', 'other_session', { ...claims, sub: [sessionId] }],
    ['without an audience', 'other_audience', { ...claims, aud: undefined }],
    ['for another environment', 'other_audience', { ...claims, aud: 'guest-profiles:prod' }],
    ['for an audience that ours is part of', 'other_audience', { ...claims, aud: `${audience}-2` }],
    ['for a list without us', 'other_audience', { ...claims, aud: ['shop', 'guest-profiles:prod'] }],
    ['for an empty list', 'other_audience', { ...claims, aud: [] }],
    ['for a list in a list', 'other_audience', { ...claims, aud: [[audience]] }],
    ['without iat', 'malformed', { ...claims, iat: undefined }],
    ['without exp', 'malformed', { ...claims, exp: undefined }],
    ['with iat as text', 'malformed', { ...claims, iat: `${now}` }],
    ['with exp as text', 'malformed', { ...claims, exp: `${now + 300}` }],
    ['with exp null', 'malformed', { ...claims, exp: null }],
    ['with nbf as text', 'malformed', { ...claims, nbf: `${now}` }],
    ['that is valid for longer than 300 s', 'stale', { ...claims, exp: now + 301 }],
    ['that was issued too far ahead', 'stale', { ...claims, iat: now + 301, exp: now + 600 }],
    ['that is valid much later only', 'stale', { ...claims, nbf: now + 301 }],
    ['that has expired', 'stale', { ...claims, iat: now - 300, exp: now }],
    ['whose times are in milliseconds', 'stale', { ...claims, iat: nowMs, exp: nowMs + 300_000 }],
  ])('is refused %s, before a key is asked for', async (_, fault, payload) => {
    const { keys, asked } = keysOf([key]);
    expect(await faultOf(tokenOf(payload), { keys })).toBe(fault);
    expect(asked).toEqual({ current: 0, refreshed: 0 });
  });

  it('may be valid from 300 seconds ahead on, and not later', async () => {
    const payload = { ...claims, nbf: now + 300 };
    expect(await verify(tokenOf(payload), { atMs: now * 1000 })).toBe(true);
    expect(await faultOf(tokenOf({ ...claims, nbf: now + 301 }), { atMs: now * 1000 })).toBe('stale');
  });

  it('is expired in the second of its exp', async () => {
    const payload = { ...claims, iat: now - 10, exp: now };
    expect(await faultOf(tokenOf(payload), { atMs: now * 1000 })).toBe('stale');
    expect(await verify(tokenOf(payload), { atMs: now * 1000 - 1 })).toBe(true);
  });

  it('is made with the header that libraries expect', async () => {
    const [header = ''] = (await signSessionToken(sessionId, audience, key, nowMs)).split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual(hs256);
  });

  it('under a key that is none is a failure of ours, not a wrong signature', async () => {
    const { keys } = keysOf(['no key' as never]);
    await expect(verify(tokenOf(claims), { keys })).rejects.toBeInstanceOf(TypeError);
  });

  it('is refused with a time that no number holds', async () => {
    for (const times of [
      '"iat":1e999,"exp":1e999',
      `"iat":${now},"exp":1e999`,
      `"iat":-1e999,"exp":${now + 300}`,
    ]) {
      const payload = Buffer.from(`{"sub":"${sessionId}","aud":"${audience}",${times}}`);
      expect(await faultOf(tokenOf(payload))).toBe('stale');
    }
  });

  it.each<[string, object]>([
    ['none', { alg: 'none' }],
    ['None', { alg: 'None' }],
    ['HS512', { alg: 'HS512' }],
    ['hs256 in small letters', { alg: 'hs256' }],
    ['a list', { alg: ['HS256'] }],
    ['missing', {}],
  ])('is refused with the algorithm %s, though the HMAC be right', async (_, header) => {
    expect(await faultOf(tokenOf(claims, header))).toBe('malformed');
  });

  it('is refused with alg none and no signature', async () => {
    expect(await faultOf(`${part({ alg: 'none' })}.${part(claims)}.`)).toBe('malformed');
    expect(await faultOf(`${part({ alg: 'none' })}.${part(claims)}`)).toBe('malformed');
  });

  it('is refused as RS256, by whatever it was signed', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const signed = `${part({ alg: 'RS256' })}.${part(claims)}`;
    expect(
      await faultOf(`${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`),
    ).toBe('malformed');
    const pem = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' }));
    const { keys } = keysOf([pem]);
    expect(await faultOf(tokenOf(claims, { alg: 'RS256' }, pem), { keys })).toBe('malformed');
  });

  it('is refused as HS512 under the right key', async () => {
    const signed = `${part({ alg: 'HS512' })}.${part(claims)}`;
    expect(await faultOf(`${signed}.${createHmac('sha512', key).update(signed).digest('base64url')}`)).toBe(
      'malformed',
    );
  });

  it.each<[string, object]>([
    ['an extension that nobody knows', { ...hs256, crit: ['exp'], exp: now }],
    ['the extension that the library knows', { ...hs256, crit: ['b64'], b64: true }],
    ['no extension at all', { ...hs256, crit: [] }],
    ['null', { ...hs256, crit: null }],
  ])('is refused where crit names %s', async (_, header) => {
    expect(await faultOf(tokenOf(claims, header))).toBe('malformed');
  });

  it('takes no key from the token itself', async () => {
    const jwk = { kty: 'oct', k: newerKey.toString('base64url') };
    expect(await faultOf(tokenOf(claims, { ...hs256, jwk }, newerKey))).toBe('no_key_matches');
  });

  it.each<[string, unknown, unknown]>([
    [
      'one byte of the claims that is not UTF-8',
      hs256,
      Buffer.from(JSON.stringify({ ...claims, note: '\u00ff' }), 'latin1'),
    ],
    ['claims that are not JSON', hs256, Buffer.from('sub=1')],
    ['claims that are a list', hs256, [claims]],
    ['claims that are a text', hs256, 'sub'],
    ['claims that are null', hs256, null],
    ['a header that is not JSON', Buffer.from('{'), claims],
    ['a header that is a list', [hs256], claims],
    ['a header that is null', null, claims],
    ['a header that is nested 1,000 deep', Buffer.from('['.repeat(1000)), claims],
  ])('is refused with %s', async (_, header, payload) => {
    expect(await faultOf(tokenOf(payload, header))).toBe('malformed');
  });

  it('has one spelling: no padding, no standard base64, no stray bits, no spaces inside', async () => {
    const token = tokenOf(claims);
    const [header = '', payload = '', mac = ''] = token.split('.');
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(mac.at(-1) ?? '');
    const spellings = [1, 2, 3].map((stray) => `${mac.slice(0, -1)}${alphabet[last + stray]}`);
    // All of them are the same bytes to a decoder.
    for (const other of spellings) {
      expect(Buffer.from(other, 'base64url')).toEqual(Buffer.from(mac, 'base64url'));
    }
    for (const other of [
      ...spellings.map((spelling) => `${header}.${payload}.${spelling}`),
      `${token}=`,
      `${header}=.${payload}.${mac}`,
      `${header}.${payload}==.${mac}`,
      `${header}.${payload}.${mac.slice(0, 20)} ${mac.slice(20)}`,
      `${header}.${payload}.+${mac.slice(1)}`,
      `Bearer ${token}`,
      `"${token}"`,
      `${token}.${mac}`,
      `.${payload}.${mac}`,
      `${header}..${mac}`,
      `${header}.${payload}.`,
    ]) {
      expect([other, await faultOf(other)]).toEqual([other, 'malformed']);
    }
  });

  it('is refused above 4,096 characters, though it be right', async () => {
    const { keys, asked } = keysOf([key]);
    expect(await verify(tokenOf({ ...claims, note: 'x'.repeat(2_700) }), { keys })).toBe(true);
    const token = tokenOf(claims);
    expect(await verify(token.padEnd(4096), { keys })).toBe(true);
    expect(await faultOf(token.padEnd(4097), { keys })).toBe('malformed');
    const huge = tokenOf({ ...claims, note: 'x'.repeat(3_000) });
    expect(huge.length).toBeGreaterThan(4096);
    expect(await faultOf(huge, { keys })).toBe('malformed');
    expect(asked.current).toBe(2);
  });
});
