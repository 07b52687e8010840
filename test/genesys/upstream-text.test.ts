import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as v from 'valibot';
import {
  correlationId,
  knownCode,
  pathId,
  permissionsIn,
  problemOf,
} from '../../lambda/genesys/upstream-text.ts';

describe('An error body', () => {
  it('can be read whatever it is', () => {
    fc.assert(
      fc.property(fc.anything(), (body) => {
        expect(problemOf(body)).toEqual({ code: expect.any(String), text: expect.any(String) });
      }),
    );
    for (const body of [undefined, null, 'text', 7, [], {}]) {
      expect(problemOf(body)).toEqual({ code: '', text: '' });
    }
  });

  it('has a code by either name, the API’s first', () => {
    expect(problemOf({ code: 'bad.request', error: 'invalid_request' }).code).toBe('bad.request');
    expect(problemOf({ error: 'invalid_request' }).code).toBe('invalid_request');
    expect(problemOf({ code: '', error: 'invalid_request' }).code).toBe('invalid_request');
    expect(problemOf({ code: 7, error: 'invalid_request' }).code).toBe('invalid_request');
  });

  it('has the text of each of its parts, a line each', () => {
    const body = { description: 'a', error_description: 'b', message: 'c', cause: 'd', other: 'e' };
    expect(problemOf(body).text).toBe('a\nb\nc\nd');
    expect(problemOf({ ...body, error_description: '', cause: { nested: 'd' } }).text).toBe('a\nc');
  });
});

describe('Of what Genesys writes', () => {
  it.each([
    'authentication.required',
    'bad.credentials',
    'bad.request',
    'forbidden',
    'general.bad.request',
    'internal.server.error',
    'invalid_client',
    'invalid_grant',
    'invalid_request',
    'invalid_scope',
    'invalid.value',
    'missing.any.permissions',
    'missing.permissions',
    'not.authorized',
    'not.found',
    'too.many.requests.retry.after',
    'unauthorized_client',
    'unsupported_grant_type',
  ])('an operator reads the published code %s', (code) => {
    expect(knownCode(code)).toBe(code);
  });

  it.each(['', 'jane@example.com', 'bad.request ', 'BAD.REQUEST'])(
    'no operator reads the code %j',
    (code) => {
      expect(knownCode(code)).toBeUndefined();
    },
  );

  it('an operator reads a correlation id that is a UUID, in any case', () => {
    fc.assert(
      fc.property(fc.uuid(), (id) => {
        expect(correlationId(id)).toBe(id);
        expect(correlationId(id.toUpperCase())).toBe(id.toUpperCase());
        for (const other of [`${id}0`, `0${id}`, `${id}\n${id}`, id.slice(1), id.replace('-', '')]) {
          expect(correlationId(other)).toBeUndefined();
        }
      }),
    );
    for (const text of [undefined, '', 'jane@example.com']) expect(correlationId(text)).toBeUndefined();
  });

  it.each([
    ['lacks webchat:guest:write', 'webchat:guest:write'],
    ['needs [webchat:guest:write, webchat:token:write].', 'webchat:guest:write,webchat:token:write'],
    ['a:b:c is too short, ab:cd:ef too', undefined],
    ['abc:de:fg is the shortest', 'abc:de:fg'],
    ['externalContacts:externalContact-x:add-all', 'externalContacts:externalContact-x:add-all'],
    [
      `${'a'.repeat(30)}:${'b'.repeat(30)}:${'c'.repeat(30)}`,
      `${'a'.repeat(30)}:${'b'.repeat(30)}:${'c'.repeat(30)}`,
    ],
    [`${'a'.repeat(31)}:guest:write`, undefined],
    [`webchat:${'b'.repeat(31)}:write`, undefined],
    [`webchat:guest:${'c'.repeat(31)}`, undefined],
    ['webchat:guest:write webchat:guest:write', 'webchat:guest:write'],
    ['Webchat:guest:write', undefined],
    ['webchat1:guest:write', undefined],
    ['mailto:jane:roe@example.com', undefined],
    ['jane@webchat:guest:write', undefined],
    ['jane.webchat:guest:write', undefined],
    ['more:webchat:guest:write', undefined],
    ['webchat:guest:write:more', undefined],
    ['webchat:guest:write-7', undefined],
    ['https://host:port:path/x', undefined],
    ['no permission', undefined],
    ['', undefined],
  ])('an operator reads of %j: %s', (text, expected) => {
    expect(permissionsIn({ code: '', text })).toBe(expected);
  });

  it('an operator reads ten permissions at most', () => {
    const names = Array.from('abcdefghijkl', (letter) => `webchat:guest:write${letter}`);
    expect(permissionsIn({ code: '', text: names.join(' ') })).toBe(names.slice(0, 10).join(','));
  });

  it('only an id that is one piece of a path becomes one', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[\w.~%/-]{1,20}$/)), (id) => {
        const isOnePiece = /^[A-Za-z0-9_.~-]+$/.test(id) && id !== '.' && id !== '..';
        expect(v.is(pathId, id)).toBe(isOnePiece);
      }),
    );
    expect(['.', '..', '...', 'x'.repeat(256), 'x'.repeat(257), ''].map((id) => v.is(pathId, id))).toEqual([
      false,
      false,
      true,
      true,
      false,
      false,
    ]);
  });
});
