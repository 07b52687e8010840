import { createHash, createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  hashSession,
  identifySession,
  isSessionHash,
  keyIdOf,
  shortHash,
} from '../../lambda/guest/session-hash.ts';

const key = Buffer.alloc(32, 1);

describe('The session hash', () => {
  it('is SHA-256 of the UTF-8 session id without keys', () => {
    expect(hashSession('abc', [])).toEqual([
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    ]);
    expect(hashSession('zoë', [])[0]).toBe(createHash('sha256').update('zoë', 'utf8').digest('hex'));
  });

  it('is a keyed hash behind the id of its key, the newest first', () => {
    const older = Buffer.alloc(40, 2);
    expect(
      hashSession('abc', [
        { id: '2026-11', key },
        { id: '2026-05', key: older },
      ]),
    ).toEqual([
      `2026-11:${createHmac('sha256', key).update('abc').digest('hex')}`,
      `2026-05:${createHmac('sha256', older).update('abc').digest('hex')}`,
    ]);
  });

  it('stays the unkeyed hash for "plain", so that a first key needs no outage', () => {
    const [, plain] = hashSession('abc', [{ id: '2026-11', key }, { id: 'plain' }]);
    expect(plain).toBe(hashSession('abc', [])[0]);
  });

  it('has a short form: the first 8 hex digits after the id of the key', () => {
    expect(shortHash(hashSession('abc', [])[0])).toBe('ba7816bf');
    expect(shortHash(`2026-11:${'0123456789'.repeat(6)}`)).toBe('01234567');
  });

  it('never shows the session id and is told apart from it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), fc.boolean(), (sessionId, keyed) => {
        const [hash] = hashSession(sessionId, keyed ? [{ id: 'k', key }] : []);
        expect(isSessionHash(hash)).toBe(true);
        expect(hash.includes(sessionId)).toBe(/^[0-9a-f]{1,3}$/.test(sessionId));
        expect(hashSession(sessionId, keyed ? [{ id: 'k', key }] : [])[0]).toBe(hash);
        expect(hashSession(`${sessionId} `, keyed ? [{ id: 'k', key }] : [])[0]).not.toBe(hash);
      }),
    );
  });

  it('names the key that it was made under', () => {
    expect(keyIdOf(hashSession('abc', [{ id: '2026-11', key }])[0])).toBe('2026-11');
    expect(keyIdOf(hashSession('abc', [{ id: 'a:b', key }])[0])).toBe('a:b');
    expect(keyIdOf(hashSession('abc', [])[0])).toBe('plain');
  });

  it.each([
    ['', false],
    ['0'.repeat(64), true],
    [`k1:${'f'.repeat(64)}`, true],
    ['0'.repeat(63), false],
    ['0'.repeat(65), false],
    [`${'0'.repeat(63)}g`, false],
    ['F'.repeat(64), false],
    [`:${'0'.repeat(64)}`, false],
    [`a b:${'0'.repeat(64)}`, false],
    [`a:b:${'0'.repeat(64)}`, false],
    [`${'0'.repeat(64)}\n`, false],
    [`x${'0'.repeat(64)}`, false],
  ])('is told apart from anything else: %j', (text, expected) => {
    expect(isSessionHash(text)).toBe(expected);
  });

  it('changes with the key, while what is bound to the session does not', () => {
    const keyed = identifySession('abc', [{ id: '2026-11', key }, { id: 'plain' }]);
    const [plain] = hashSession('abc', []);
    expect(keyed).toEqual({ hashes: [expect.stringMatching(/^2026-11:/), plain], binding: plain });
    expect(identifySession('abc', [])).toEqual({ hashes: [plain], binding: plain });
  });
});
