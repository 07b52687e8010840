import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as v from 'valibot';
import {
  type Candidate,
  checkRecord,
  isPlainlyValid,
  sessionIdFault,
} from '../../../crm/customers/record-check.ts';
import { sessionIdSchema } from '../../../lambda/contract.ts';
import { crmRecordSchema } from '../../../lambda/guest/crm-record.ts';

const junk = fc.oneof(
  fc.string(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constant(undefined),
  fc.constant({}),
  fc.constant([]),
);
const date = fc.oneof(
  fc.date({ noInvalidDate: true }).map((value) => value.toISOString()),
  fc.constantFrom(
    '2026-02-30T10:00:00Z',
    '2026-02-29',
    '2026-13-01T00:00:00Z',
    '2026-05-15T10:00',
    '2026-05-15T24:00:00Z',
    '2026-05-15T10:00:00+0200',
    '2026-05-15T10:00:60Z',
  ),
);
const email = fc.oneof(
  fc.emailAddress(),
  fc.constantFrom('a@b', '@', 'a@', 'a b@c', 'a@b@c', `${'x'.repeat(250)}@y.de`, 'a@b\n'),
);
const count = fc.oneof(fc.nat(), fc.constantFrom(-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -0));
const optional = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary }, { weight: 1, arbitrary: junk });
const candidate = fc.record(
  {
    email: optional(email),
    firstName: optional(fc.string()),
    tier: optional(fc.string()),
    previousTickets: optional(count),
    crmId: optional(fc.string({ maxLength: 3 })),
    updatedAt: optional(date),
    expiresAt: optional(count),
    attributes: fc.oneof(
      fc.dictionary(
        fc.string().filter((name) => !['__proto__', 'prototype', 'constructor'].includes(name)),
        optional(fc.oneof(fc.string(), fc.double(), fc.boolean())),
        { maxKeys: 3 },
      ),
      fc.constant(undefined),
    ),
  },
  { requiredKeys: ['email'] },
) as fc.Arbitrary<Candidate>;

describe('the check of a record', () => {
  it('gives the verdict of the schema that the function reads with, and the same record', () => {
    fc.assert(
      fc.property(candidate, (value) => {
        const expected = v.safeParse(crmRecordSchema, value);
        const checked = checkRecord(structuredClone(value), false);
        expect(Array.isArray(checked)).toBe(!expected.success);
        if (expected.success) expect(checked).toEqual(expected.output);
      }),
      { numRuns: 3000 },
    );
  });

  it('takes the short way for everyday records', () => {
    const everyday = { email: 'jane@example.com', firstName: 'Jane', tier: 'Enterprise', previousTickets: 3 };
    expect(
      isPlainlyValid({ ...everyday, updatedAt: '2026-05-15T11:23:45Z', attributes: { vip: true } }),
    ).toBe(true);
  });

  it('names every fault of a record by its field, without a value', () => {
    const faults = checkRecord({ email: 'secret', previousTickets: -1, attributes: { size: {} } }, false);
    expect(faults).toEqual([
      { field: 'email', message: 'must be an e-mail address' },
      { field: 'previousTickets', message: 'must not be negative' },
      { field: 'size', message: 'must be a string, a number or true/false' },
    ]);
  });

  it('judges session ids as the function does', () => {
    const id = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ maxLength: 260 }),
      fc.constantFrom('', '\ud800', 'a\u0000', 'a\u0085'),
    );
    fc.assert(
      fc.property(id, (text) => {
        expect(sessionIdFault(text) === undefined).toBe(v.safeParse(sessionIdSchema, text).success);
      }),
      { numRuns: 1000 },
    );
  });
});
