import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { open, seal } from '../../lambda/genesys/seal.ts';

const secret = fc.string({ minLength: 1 });

describe('sealing', () => {
  it('gives the text back to whoever holds the secret', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), secret, fc.string(), (text, key, purpose) => {
        expect(open(seal(text, key, purpose), key, purpose)).toBe(text);
      }),
    );
  });

  it('tells nobody else: neither with another secret nor for another purpose', () => {
    fc.assert(
      fc.property(fc.string(), secret, secret, (text, key, other) => {
        fc.pre(key !== other);
        const sealed = seal(text, key, 'purpose');
        expect(open(sealed, other, 'purpose')).toBeUndefined();
        expect(open(sealed, key, 'another')).toBeUndefined();
      }),
    );
  });

  it('notices every change', () => {
    const sealed = seal('a bearer token', 'secret', 'purpose');
    const bytes = Buffer.from(sealed.slice(3), 'base64url');
    for (let index = 0; index < bytes.length; index += 1) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
      expect(open(`v1.${changed.toString('base64url')}`, 'secret', 'purpose')).toBeUndefined();
    }
  });

  it('reads a text in its one spelling only: decoders forgive padding, other alphabets and stray bits', () => {
    const sealed = seal('bearer token', 'secret', 'purpose');
    const last = sealed.at(-1) ?? '';
    const strayBits = String.fromCharCode(last.charCodeAt(0) + 1);
    const spellings = [
      `${sealed}=`,
      `${sealed}\n`,
      ` ${sealed}`,
      `${sealed.slice(0, 9)} ${sealed.slice(9)}`,
      `${sealed}!`,
      sealed.slice(0, 3) + sealed.slice(3).replaceAll('-', '+').replaceAll('_', '/').concat('='),
      sealed.slice(0, -1) + strayBits,
    ];
    for (const spelling of spellings) expect(open(spelling, 'secret', 'purpose')).toBeUndefined();
  });

  it('reads garbage as unreadable, and a shortened text too', () => {
    const sealed = seal('a bearer token', 'secret', 'purpose');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.nat(sealed.length - 1).map((end) => sealed.slice(0, end)),
        ),
        (text) => {
          expect(open(text, 'secret', 'purpose')).toBeUndefined();
        },
      ),
    );
  });

  it('never makes the same text twice, and shows nothing of it', () => {
    const [first, second] = [seal('token-text', 'secret', 'p'), seal('token-text', 'secret', 'p')];
    expect(first).not.toBe(second);
    expect(Buffer.from(first.slice(3), 'base64url').includes('token')).toBe(false);
  });

  it('reads what an earlier release sealed: after a deployment nobody starts anew', () => {
    const sealed = 'v1.QzaWLccRcElp3l13waL931vo6FNFfumJVVDaAnhgVIHw80KKSloCdl49KShVg6atY7L8NxY7zX0';
    expect(open(sealed, 'client-secret', 'purpose')).toBe('a text of an earlier release');
  });

  it('of nothing is something, and less than its parts is nothing', () => {
    const sealed = seal('', 'secret', 'purpose');
    expect(Buffer.from(sealed.slice(3), 'base64url')).toHaveLength(12 + 16);
    expect(open(sealed, 'secret', 'purpose')).toBe('');
    for (let length = 0; length < 28; length += 1) {
      const cut = Buffer.from(sealed.slice(3), 'base64url').subarray(0, length).toString('base64url');
      expect(open(`v1.${cut}`, 'secret', 'purpose')).toBeUndefined();
    }
    expect(open(sealed.replace('v1.', 'v2.'), 'secret', 'purpose')).toBeUndefined();
  });
});
