import { createHash, createHmac } from 'node:crypto';

/** An entry of `sessionHashKeys` as the secret holds it, made of one repeated byte. */
export const hashKey = (id: number) => ({ id: `k${id}`, key: Buffer.alloc(32, id).toString('base64') });
export const plainKey = { id: 'plain' };

/** The key of a session in both tables, computed as the contract describes it and not as the code does. */
export const sessionKey = (
  sessionId: string,
  hashedUnder: { id: string; key?: string } = plainKey,
): string =>
  hashedUnder.key === undefined
    ? createHash('sha256').update(sessionId).digest('hex')
    : `${hashedUnder.id}:${createHmac('sha256', Buffer.from(hashedUnder.key, 'base64')).update(sessionId).digest('hex')}`;
