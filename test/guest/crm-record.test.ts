import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as v from 'valibot';
import { crmRecordSchema, isExpired } from '../../lambda/guest/crm-record.ts';

const jane = { email: 'jane@example.com', firstName: 'Jane', tier: 'Enterprise', previousTickets: 12 };

/** What is wrong with a record, as reports and logs say it. */
const faultsOf = (record: unknown): [path: string | null, message: string][] =>
  (v.safeParse(crmRecordSchema, record).issues ?? []).map((issue) => [v.getDotPath(issue), issue.message]);

const aNumber = 'must be a number';
const aDate = 'must be an ISO 8601 date';
const anAddress = 'must be an e-mail address';
const aString = 'must be a string';

describe('A CRM record', () => {
  it.each([
    { email: 'a@b' },
    { email: `${'x'.repeat(252)}@y` },
    { ...jane, firstName: '', tier: '', previousTickets: 0, expiresAt: 0, crmId: '0' },
    { ...jane, attributes: {} },
    { ...jane, attributes: { vip: true, score: 0.5, note: '', '': -1 } },
  ])('may be %j', (record) => {
    expect(v.parse(crmRecordSchema, record)).toEqual(record);
  });

  it.each<[path: string, message: string, change: object]>([
    ['email', anAddress, { email: 'nobody' }],
    ['email', anAddress, { email: '@b' }],
    ['email', anAddress, { email: 'a@' }],
    ['email', anAddress, { email: 'a b@c' }],
    ['email', anAddress, { email: 'a@b c' }],
    ['email', anAddress, { email: 'a@b@c' }],
    ['email', 'must be at most 254 characters', { email: `${'x'.repeat(253)}@y` }],
    ['email', aString, { email: 7 }],
    ['firstName', aString, { firstName: 7 }],
    ['tier', aString, { tier: null }],
    ['previousTickets', aNumber, { previousTickets: '3' }],
    ['previousTickets', 'must be a whole number', { previousTickets: 1.5 }],
    ['previousTickets', 'must not be negative', { previousTickets: -1 }],
    ['attributes', 'must be a map', { attributes: 'vip' }],
    ['attributes.nested', 'must be a string, a number or true/false', { attributes: { nested: {} } }],
    ['attributes.endless', 'must be a finite number', { attributes: { endless: Number.POSITIVE_INFINITY } }],
    ['crmId', aString, { crmId: 7 }],
    ['crmId', 'must not be empty', { crmId: '' }],
    ['updatedAt', aString, { updatedAt: 7 }],
    ['updatedAt', aDate, { updatedAt: '2026-13-45' }],
    ['expiresAt', aNumber, { expiresAt: '2026' }],
    ['expiresAt', 'must be whole seconds since 1970', { expiresAt: 1.5 }],
    ['expiresAt', 'must not be negative', { expiresAt: -1 }],
  ])('breaks the schema at %s, which %s: %j', (path, message, change) => {
    expect(faultsOf({ ...jane, ...change })).toContainEqual([path, message]);
  });

  it('needs an e-mail address', () => {
    expect(faultsOf({}).map(([path]) => path)).toEqual(['email']);
  });

  it.each([
    '2026-05-15',
    '2026-05-15T10:00',
    '2026-05-15T10:00Z',
    '2026-05-15T10:00:00',
    '2026-05-15T10:00:00.5',
    '2026-05-15T10:00:00.123456Z',
    '2026-05-15T10:00:00+02:00',
    '2026-05-15T10:00:00-0500',
  ])('may have been updated at %s', (updatedAt) => {
    expect(faultsOf({ ...jane, updatedAt })).toEqual([]);
  });

  it.each([
    'yesterday',
    '15 May 2026',
    ' 2026-05-15',
    '2026-05-15 ',
    '2026-05',
    '2026-05-15 10:00',
    '2026-05-15T',
    '2026-05-15T10',
    '2026-05-15T10:00:',
    '2026-05-15T10:00:00.',
    '2026-05-15T10:00z',
    '2026-05-15Z',
    '2026-05-15T10:00:00+02',
    '2026-05-15T10:00:00 GMT',
    '+002026-05-15',
  ])('cannot have been updated at %j', (updatedAt) => {
    expect(faultsOf({ ...jane, updatedAt })).toEqual([['updatedAt', aDate]]);
  });

  it('is expired from the second of its expiresAt on', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e9 }), (expiresAt) => {
        expect(isExpired({ expiresAt }, expiresAt * 1000 - 1)).toBe(false);
        expect(isExpired({ expiresAt }, expiresAt * 1000)).toBe(true);
      }),
    );
    expect(isExpired({}, Number.MAX_SAFE_INTEGER)).toBe(false);
  });
});
