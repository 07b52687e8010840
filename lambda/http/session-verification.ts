import type { Deadline } from '../guest/ports.ts';
import { InvalidSignatureError, readSignature, type SessionSignature } from './session-signature.ts';

export interface SigningKeys {
  current(deadline: Deadline): Promise<readonly Uint8Array[]>;
  /** Asked once for a signature that no known key made: the keys may have been rotated. `undefined`: nothing new. */
  refreshed(deadline: Deadline): Promise<readonly Uint8Array[] | undefined>;
}

export interface VerificationOptions {
  /** `off` ignores the header; `optional` serves a request without one, unverified; `required` refuses it. */
  readonly mode: 'off' | 'optional' | 'required';
  /** What `aud` of a session token must name. */
  readonly audience: string;
  readonly keys: SigningKeys;
}

/**
 * Whether the website's own server vouches for this session.
 * @param headerValue of `X-Session-Signature`: `t=<unix seconds>,v1=<hex HMAC-SHA-256 of "<t>.<sessionId>">`
 *   or a JSON Web Token (HS256)
 * @returns true: verified; false: unverified, and the mode allows that
 * @throws InvalidSignatureError (`invalid_signature`) a wrong or stale one, or none where it is required;
 *   its `fault` is `no_keys` where the secret has none
 */
export const verifySession = async (
  headerValue: string | undefined,
  sessionId: string,
  { mode, audience, keys }: VerificationOptions,
  nowMs: number,
  deadline: Deadline,
): Promise<boolean> => {
  if (mode === 'off' || (mode === 'optional' && headerValue === undefined)) return false;
  if (headerValue === undefined) throw new InvalidSignatureError('missing');

  const signature = readSignature(headerValue, sessionId, audience, nowMs);
  const current = await keys.current(deadline);
  if (await isMadeWithOneOf(current, signature)) return true;
  // Nothing new, or another request has brought it meanwhile.
  const refreshed = (await keys.refreshed(deadline)) ?? (await keys.current(deadline));
  if (await isMadeWithOneOf(refreshed, signature)) return true;
  throw new InvalidSignatureError(refreshed.length === 0 ? 'no_keys' : 'no_key_matches');
};

const isMadeWithOneOf = async (
  keys: readonly Uint8Array[],
  signature: SessionSignature,
): Promise<boolean> => {
  for (const key of keys) if (await signature.madeWith(key)) return true;
  return false;
};
