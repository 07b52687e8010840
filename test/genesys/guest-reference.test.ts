import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  createGuestReferences,
  maxReferenceLength,
  sealReference,
} from '../../lambda/genesys/guest-reference.ts';
import { seal } from '../../lambda/genesys/seal.ts';
import { createTestClock, deadlineIn } from '../support/clock.ts';

const nowMs = Date.parse('2026-05-15T10:00:00.000Z');
const named = { hashes: ['a'.repeat(64)] as const, guestId: '8f3a2b1c-4d5e-4f7a-8b9c-0d1e2f3a4b5c' };
const secretOf = (clientSecret: string) => ({ clientId: 'client', clientSecret });

/** Opens with the secret that a container knows, and with `newer` where a read brings that. */
const openWith = (known: string, newer?: string) => {
  let reads = 0;
  const references = createGuestReferences({
    current: async () => secretOf(known),
    refreshForForgery: async () => {
      reads += 1;
      return newer === undefined ? undefined : secretOf(newer);
    },
  });
  const open = async (reference: string) => await references.open(reference, deadlineIn(createTestClock()));
  return { open, reads: () => reads };
};
const open = async (reference: string, secret = 'secret') => await openWith(secret).open(reference);

describe('a guest reference', () => {
  it('names session and guest to whoever holds the client secret', async () => {
    expect(await open(sealReference(named, 'secret', nowMs))).toEqual(named);
  });

  it('shows nobody else what it names', () => {
    const reference = sealReference(named, 'secret', nowMs);
    const bytes = Buffer.from(reference.slice(3), 'base64url').toString('latin1');
    for (const text of [reference, bytes]) {
      expect(text).not.toContain(named.guestId);
      expect(text).not.toContain(named.hashes[0].slice(0, 8));
      expect(text).not.toContain(String(nowMs));
    }
  });

  it('is another one each time, at the same moment too', () => {
    const references = Array.from({ length: 1000 }, () => sealReference(named, 'secret', nowMs));
    expect(new Set(references).size).toBe(1000);
  });

  it('is not longer than what Genesys takes, for the longest id of a hash key, and opens then', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 64 }), async (idLength) => {
        const hash = (digit: string) => `${'k'.repeat(idLength)}:${digit.repeat(64)}`;
        const hashes = [hash('e'), hash('f')] as const;
        const reference = sealReference({ ...named, hashes }, 'secret', Number.MAX_SAFE_INTEGER);
        expect(reference.length).toBeLessThanOrEqual(maxReferenceLength);
        expect(await open(reference)).toEqual({ ...named, hashes });
      }),
    );
  });

  it('does not open once any part of it was altered', async () => {
    const reference = sealReference(named, 'secret', nowMs);
    const bytes = Buffer.from(reference.slice(3), 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      expect(await open(`v1.${changed.toString('base64url')}`)).toBeUndefined();
    }
  });

  it('does not open under another client secret', async () => {
    expect(await open(sealReference(named, 'another', nowMs))).toBeUndefined();
  });

  it.each([
    ['an empty text', ''],
    ['a guest id', named.guestId],
    ['a text that is too long', 'v1.'.padEnd(maxReferenceLength + 1, 'A')],
    ['something sealed for another purpose', seal(JSON.stringify(['a', 'b', 1]), 'secret', 'oauth-token:x')],
    ['one that names no session', seal('[[],"guest",1]', 'secret', 'guest-reference')],
    [
      'one that is longer than any of ours',
      sealReference({ ...named, guestId: 'x'.repeat(400) }, 'secret', nowMs),
    ],
    ['something else that was sealed for this purpose', seal('["a","b"]', 'secret', 'guest-reference')],
    ['something sealed that is not JSON', seal('{', 'secret', 'guest-reference')],
  ])('is not %s', async (_, text) => {
    expect(await open(text)).toBeUndefined();
  });

  it('opens after a rotation that this container has not heard of yet, and costs no read otherwise', async () => {
    const rotated = openWith('old', 'new');
    expect(await rotated.open(sealReference(named, 'old', nowMs))).toEqual(named);
    expect(rotated.reads()).toBe(0);
    expect(await rotated.open(sealReference(named, 'new', nowMs))).toEqual(named);
    expect(rotated.reads()).toBe(1);
    expect(await rotated.open(sealReference(named, 'forged', nowMs))).toBeUndefined();
  });

  it('of an earlier release opens: a chat that is under way outlives a deployment', async () => {
    const reference =
      'v1.s10YuFAhwAv0RE4lUCGiXefWZvLUgS-U-eAY0yc3YYG23d4t2b7Af_Gay9q0Wq020myeq2fNg5ighm5hPxaVRelyozp9Zzw9O' +
      'vM7R8sWzUc7JZsDfq98ek59b8WmUa50rjJEpzNM75IItoMweVGp3_YuObXNCiA2PcbVSZdSckRIV36A3OxWdhWXwQCWKNIN5rrjPV0PjQ';
    expect(await open(reference)).toEqual(named);
  });

  it('is opened with the secret as it is by then, where another request has brought that meanwhile', async () => {
    const secrets = ['old', 'new'];
    const references = createGuestReferences({
      current: async () => secretOf(secrets.shift() ?? 'none'),
      refreshForForgery: async () => undefined,
    });
    const reference = sealReference(named, 'new', nowMs);
    expect(await references.open(reference, deadlineIn(createTestClock()))).toEqual(named);
  });
});
