import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { parseSecret, SecretError } from '../../lambda/aws/genesys-secret.ts';

const key = (bytes: number, fill = 1) => Buffer.alloc(bytes, fill).toString('base64');
const whole = {
  clientId: 'client',
  clientSecret: 'secret',
  sessionHashKeys: [{ id: '2026-11', key: key(32) }, { id: 'plain' }],
  sessionSigningKeys: [key(32, 4), key(64, 2)],
  externalIdKey: key(32, 3),
};
const faultOf = (secret: unknown): SecretError => {
  try {
    parseSecret(typeof secret === 'string' ? secret : JSON.stringify(secret));
  } catch (error) {
    if (error instanceof SecretError) return error;
    throw error;
  }
  throw new Error('The secret was accepted.');
};

describe('the secret', () => {
  it('gives its credentials and keys, decoded and in their order', () => {
    expect(parseSecret(JSON.stringify(whole))).toEqual({
      clientId: 'client',
      clientSecret: 'secret',
      sessionHashKeys: [{ id: '2026-11', key: Buffer.alloc(32, 1) }, { id: 'plain' }],
      sessionSigningKeys: [Buffer.alloc(32, 4), Buffer.alloc(64, 2)],
      externalIdKey: Buffer.alloc(32, 3),
    });
  });

  it('needs no more than the credentials, and nothing else to be absent', () => {
    expect(parseSecret('{"clientId":"a","clientSecret":"b","owner":"crm team"}')).toEqual({
      clientId: 'a',
      clientSecret: 'b',
      sessionHashKeys: [],
      sessionSigningKeys: [],
    });
  });

  it.each([
    ['no JSON', 'clientId=a', 'secret'],
    ['no object', '[]', 'clientId'],
    ['null', 'null', 'secret'],
    ['an empty text', '', 'secret'],
    ['no client id', { clientSecret: 'b' }, 'clientId'],
    ['an empty client secret', { ...whole, clientSecret: '' }, 'clientSecret'],
    ['a client id that is no text', { ...whole, clientId: 1 }, 'clientId'],
    [
      'three hash keys',
      { ...whole, sessionHashKeys: ['a', 'b', 'c'].map((id) => ({ id, key: key(32) })) },
      'sessionHashKeys',
    ],
    [
      'two hash keys of one id',
      { ...whole, sessionHashKeys: ['a', 'a'].map((id) => ({ id, key: key(32) })) },
      'sessionHashKeys',
    ],
    [
      'a hash key of 31 bytes',
      { ...whole, sessionHashKeys: [{ id: 'a', key: key(31) }] },
      'sessionHashKeys.0.key',
    ],
    [
      'a hash key that is no base64',
      { ...whole, sessionHashKeys: [{ id: 'a', key: '!'.repeat(44) }] },
      'sessionHashKeys.0.key',
    ],
    ['a hash key without a key', { ...whole, sessionHashKeys: [{ id: 'a' }] }, 'sessionHashKeys.0.key'],
    [
      'a plain hash with a key',
      { ...whole, sessionHashKeys: [{ id: 'plain', key: key(32) }] },
      'sessionHashKeys.0.key',
    ],
    [
      'an id with a colon',
      { ...whole, sessionHashKeys: [{ id: 'a:b', key: key(32) }] },
      'sessionHashKeys.0.id',
    ],
    [
      'an id with white space',
      { ...whole, sessionHashKeys: [{ id: 'a b', key: key(32) }] },
      'sessionHashKeys.0.id',
    ],
    [
      'three signing keys',
      { ...whole, sessionSigningKeys: [key(32, 4), key(32, 5), key(32, 6)] },
      'sessionSigningKeys',
    ],
    ['an empty signing key', { ...whole, sessionSigningKeys: [''] }, 'sessionSigningKeys.0'],
    ['a signing key of 31 bytes', { ...whole, sessionSigningKeys: [key(31, 4)] }, 'sessionSigningKeys.0'],
    ['an external id key of 31 bytes', { ...whole, externalIdKey: key(31, 3) }, 'externalIdKey'],
    ['an external id key that is no base64', { ...whole, externalIdKey: '?' }, 'externalIdKey'],
    ['null for a list', { ...whole, sessionSigningKeys: null }, 'sessionSigningKeys'],
  ])('is malformed with %s, and the field is named', (_, secret, field) => {
    expect(faultOf(secret)).toMatchObject({ code: 'secret_malformed', field });
  });

  it.each([
    ['as a whole', 'REPLACE_ME', 'secret'],
    ['in the client id', { ...whole, clientId: 'REPLACE_ME' }, 'clientId'],
    [
      'with a hint',
      { ...whole, clientSecret: 'REPLACE_ME with the secret of the OAuth client' },
      'clientSecret',
    ],
    ['in a key', { ...whole, sessionHashKeys: [{ id: 'a', key: 'REPLACE_ME' }] }, 'sessionHashKeys.0.key'],
    ['in a signing key', { ...whole, sessionSigningKeys: ['REPLACE_ME'] }, 'sessionSigningKeys.0'],
  ])('is a placeholder %s, and the field is named', (_, secret, field) => {
    expect(faultOf(secret)).toMatchObject({ code: 'secret_placeholder', field });
  });

  it.each([
    [
      'two hash keys',
      { ...whole, sessionHashKeys: ['a', 'b'].map((id) => ({ id, key: key(32) })) },
      'sessionHashKeys',
    ],
    ['two signing keys', { ...whole, sessionSigningKeys: [key(32, 4), key(32, 4)] }, 'sessionSigningKeys'],
    ['a hash key and a signing key', { ...whole, sessionSigningKeys: [key(32)] }, 'sessionSigningKeys'],
    ['a hash key and the external id key', { ...whole, externalIdKey: key(32) }, 'externalIdKey'],
    ['a signing key and the external id key', { ...whole, externalIdKey: key(64, 2) }, 'externalIdKey'],
    // The same 32 bytes, written with other spare bits.
    ['two spellings of one key', { ...whole, externalIdKey: key(32).replace('E=', 'F=') }, 'externalIdKey'],
  ])('is malformed where %s are equal: a hash that is logged would be a signature', (_, secret, field) => {
    expect(faultOf(secret)).toMatchObject({ code: 'secret_malformed', field });
  });

  // Not yet: an id has no longest length.
  it('is malformed with a key id so long that a guest reference could not hold its hashes', () => {
    const id = 'k'.repeat(300);
    expect(faultOf({ ...whole, sessionHashKeys: [{ id, key: key(32) }] })).toMatchObject({
      field: 'sessionHashKeys.0.id',
    });
  });

  it('never repeats a value in its error', () => {
    const value = fc.oneof(
      fc.string({ minLength: 6 }),
      fc.base64String({ minLength: 8 }),
      fc.constant('REPLACE_ME hunter2'),
    );
    const secret = fc.record(
      {
        clientId: fc.oneof(fc.constant('client'), fc.integer({ min: 1_000_000 })),
        clientSecret: fc.constantFrom('long-enough', ''),
        sessionHashKeys: fc.array(fc.record({ id: value, key: value }, { requiredKeys: [] })),
        sessionSigningKeys: fc.array(value),
        externalIdKey: value,
      },
      { requiredKeys: ['clientId', 'clientSecret'] },
    );
    const values = (part: unknown): string[] =>
      typeof part === 'object' && part !== null ? Object.values(part).flatMap(values) : [String(part)];
    fc.assert(
      fc.property(secret, (content) => {
        try {
          parseSecret(JSON.stringify(content));
        } catch (error) {
          expect(error).toBeInstanceOf(SecretError);
          // Rules are fixed texts of ours: a value of random characters in one would be a leak.
          const leaked = values(content).filter((text) => /[^ a-z,.{}"]/.test(text) && text.length >= 6);
          for (const text of leaked) expect(String(error)).not.toContain(text);
        }
      }),
    );
  });
});
