import { createHmac, timingSafeEqual } from 'node:crypto';
import { compactVerify, decodeJwt, decodeProtectedHeader, errors, type JWTPayload, SignJWT } from 'jose';
import { RequestError } from './problem.ts';

/** How far the time of a signature may be off, and how long a token may be valid, in seconds. */
export const toleranceSeconds = 300;

/** Room for the token of the longest session id, each of its characters escaped, and claims of the website's own. */
const maxHeaderLength = 4096;

/** Why a session is not verified. For the operator's log; the caller gets the same error for each. */
export type SignatureFault =
  | 'missing'
  | 'malformed'
  | 'stale'
  | 'other_session'
  | 'other_audience'
  | 'no_key_matches'
  /** The secret has no `sessionSigningKeys`: no signature can be right. */
  | 'no_keys';

export class InvalidSignatureError extends RequestError {
  override readonly name = 'InvalidSignatureError';

  constructor(readonly fault: SignatureFault) {
    super('invalid_signature', 'The session signature is missing, wrong or too old.');
  }
}

/** A signature whose form, session, audience and time are right; whether a key made it is still open. */
export interface SessionSignature {
  madeWith(key: Uint8Array): Promise<boolean>;
}

const timedForm = /^t=(\d{1,12}),v1=([0-9a-f]{64}|[0-9A-F]{64})$/;
/** Stricter than decoders, which forgive padding, spaces and stray bits at the end: a token has one spelling. */
const tokenForm = /^[\w-]+\.[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/;

/**
 * Reads `X-Session-Signature` in either form and refuses what no key could make right.
 * @throws InvalidSignatureError
 */
export const readSignature = (
  header: string,
  sessionId: string,
  audience: string,
  nowMs: number,
): SessionSignature => {
  if (header.length > maxHeaderLength) throw new InvalidSignatureError('malformed');
  const value = header.trim();
  const [, t, v1] = timedForm.exec(value) ?? [];
  if (t !== undefined && v1 !== undefined) return readTimed(t, v1, sessionId, nowMs / 1000);
  if (tokenForm.test(value)) return readToken(value, sessionId, audience, nowMs / 1000);
  throw new InvalidSignatureError('malformed');
};

const macOf = (t: string, sessionId: string, key: Uint8Array): Buffer =>
  createHmac('sha256', key).update(`${t}.${sessionId}`, 'utf8').digest();

const readTimed = (t: string, v1: string, sessionId: string, now: number): SessionSignature => {
  if (Math.abs(now - Number(t)) > toleranceSeconds) throw new InvalidSignatureError('stale');
  const mac = Buffer.from(v1, 'hex');
  return { madeWith: async (key) => timingSafeEqual(macOf(t, sessionId, key), mac) };
};

const readToken = (token: string, sessionId: string, audience: string, now: number): SessionSignature => {
  const { header, claims } = decoded(token);
  if (header.alg !== 'HS256' || header.crit !== undefined) throw new InvalidSignatureError('malformed');
  checkClaims(claims, sessionId, audience, now);
  return {
    madeWith: async (key) => {
      try {
        await compactVerify(token, key, { algorithms: ['HS256'] });
        return true;
      } catch (error) {
        if (error instanceof errors.JOSEError) return false;
        throw error;
      }
    },
  };
};

const decoded = (token: string) => {
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    throw new InvalidSignatureError('malformed');
  }
};

/** The times are our own rules, stricter than RFC 7519; `nbf`, which some libraries add, is held to that of `iat`. */
const checkClaims = (
  { sub, aud, iat, exp, nbf = 0 }: JWTPayload,
  sessionId: string,
  audience: string,
  now: number,
): void => {
  if (sub !== sessionId) throw new InvalidSignatureError('other_session');
  if (!(Array.isArray(aud) ? aud : [aud]).includes(audience)) {
    throw new InvalidSignatureError('other_audience');
  }
  if (typeof iat !== 'number' || typeof exp !== 'number' || typeof nbf !== 'number') {
    throw new InvalidSignatureError('malformed');
  }
  const latestStart = now + toleranceSeconds;
  if (exp <= now || exp > iat + toleranceSeconds || iat > latestStart || nbf > latestStart) {
    throw new InvalidSignatureError('stale');
  }
};

/** The header value with which a website's own server signs a session id: `t=<unix seconds>,v1=<hex>`. */
export const signSession = (sessionId: string, key: Uint8Array, nowMs: number): string => {
  const t = `${Math.floor(nowMs / 1000)}`;
  return `t=${t},v1=${macOf(t, sessionId, key).toString('hex')}`;
};

/** The same as a JSON Web Token, valid for as long as one may be. */
export const signSessionToken = async (
  sessionId: string,
  audience: string,
  key: Uint8Array,
  nowMs: number,
): Promise<string> => {
  const iat = Math.floor(nowMs / 1000);
  const claims = { sub: sessionId, aud: audience, iat, exp: iat + toleranceSeconds };
  return await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(key);
};
