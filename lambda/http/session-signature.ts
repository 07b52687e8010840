import { createHmac, timingSafeEqual } from 'node:crypto';
import { GuestError } from '../guest/errors.ts';
import type { Deadline } from '../guest/ports.ts';

/** How far the time of a signature may be off, in seconds. */
export const signatureToleranceSeconds = 300;

export interface SigningKeys {
  current(deadline: Deadline): Promise<readonly Uint8Array[]>;
  /** Asked once for a signature that no known key made: the keys may have been rotated. `undefined`: nothing new. */
  refreshed(deadline: Deadline): Promise<readonly Uint8Array[] | undefined>;
}

const header = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/i;

/** The header value with which a website's own server signs a session id. */
export const signSession = (sessionId: string, key: Uint8Array, nowMs: number): string => {
  const t = Math.floor(nowMs / 1000);
  return `t=${t},v1=${createHmac('sha256', key).update(`${t}.${sessionId}`, 'utf8').digest('hex')}`;
};

const invalid = (): GuestError =>
  new GuestError('invalid_signature', 'The session signature is missing, wrong or too old.');

/**
 * Checks `X-Session-Signature: t=<unix seconds>,v1=<hex HMAC-SHA-256 of "<t>.<sessionId>">` in constant time.
 * @throws GuestError `invalid_signature`
 */
export const verifySignature = async (
  value: string | undefined,
  sessionId: string,
  keys: SigningKeys,
  nowMs: number,
  deadline: Deadline,
): Promise<void> => {
  const [, t, v1] = header.exec(value?.trim() ?? '') ?? [];
  if (t === undefined || v1 === undefined) throw invalid();
  if (Math.abs(nowMs / 1000 - Number(t)) > signatureToleranceSeconds) throw invalid();
  const given = Buffer.from(v1, 'hex');
  const matches = (key: Uint8Array): boolean =>
    timingSafeEqual(createHmac('sha256', key).update(`${t}.${sessionId}`, 'utf8').digest(), given);

  if ((await keys.current(deadline)).some(matches)) return;
  if ((await keys.refreshed(deadline))?.some(matches) === true) return;
  throw invalid();
};
