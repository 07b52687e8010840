import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { coerceValue, inferValue, toNumber } from '../../../crm/customers/cell-value.ts';
import { toEpochSeconds } from '../../../crm/customers/expiry.ts';
import { escapeFormula, looksLikeFormula, unescapeFormula } from '../../../crm/customers/formula.ts';

describe('the value of a cell', () => {
  it.each([
    ['12', 12],
    ['-3.5', -3.5],
    ['12.5', 12.5],
    // Written back, these would be another text: a version, a price, a sign.
    ['12.50', '12.50'],
    ['1.10', '1.10'],
    ['2.0', '2.0'],
    ['-0', '-0'],
    ['0', 0],
    ['true', true],
    ['FALSE', false],
    ['007', '007'],
    ['+49 170 1234567', '+49 170 1234567'],
    ['1e5', '1e5'],
    ['1,234', '1,234'],
    ['12345678901234567890', '12345678901234567890'],
    ['0.1234567890123456', '0.1234567890123456'],
    ['yes', 'yes'],
    ['-', '-'],
  ])('%s is taken for %p', (text, value) => {
    expect(inferValue(text)).toBe(value);
  });

  it('is never changed by being taken for a number', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.bigInt().map(String), fc.double({ noNaN: true }).map(String), fc.string()),
        (text) => {
          const value = inferValue(text);
          if (typeof value === 'number') expect(value).toBe(Number(text));
          if (typeof value === 'number') expect(String(value)).toBe(text);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is turned into the type that was given, or refused', () => {
    expect(coerceValue('007', 'number')).toBe(7);
    expect(coerceValue(' 1e3 ', 'number')).toBe(1000);
    expect(coerceValue('yes', 'boolean')).toBe(true);
    expect(coerceValue('0', 'boolean')).toBe(false);
    expect(coerceValue('12', 'string')).toBe('12');
    expect(coerceValue('seven', 'number')).toBeUndefined();
    expect(coerceValue('1e300', 'number')).toBeUndefined();
    expect(coerceValue('perhaps', 'boolean')).toBeUndefined();
  });

  it('counts only as a number where a number is expected when it is one', () => {
    expect(toNumber(' 12 ')).toBe(12);
    expect(toNumber('twelve')).toBeUndefined();
    expect(toNumber('')).toBeUndefined();
    expect(toNumber('0x10')).toBeUndefined();
  });

  it('is a time in epoch seconds or ISO 8601, UTC where no zone is said', () => {
    expect(toEpochSeconds('1790000000')).toBe(1_790_000_000);
    expect(toEpochSeconds('2026-09-21')).toBe(Date.UTC(2026, 8, 21) / 1000);
    expect(toEpochSeconds('2026-09-21T10:00:00')).toBe(Date.UTC(2026, 8, 21, 10) / 1000);
    expect(toEpochSeconds('2026-09-21T10:00:00+02:00')).toBe(Date.UTC(2026, 8, 21, 8) / 1000);
    expect(toEpochSeconds('tomorrow')).toBe('tomorrow');
  });
});

describe('cells that look like formulas', () => {
  it('are disarmed for spreadsheets, and come back as they were', () => {
    const text = fc.string({
      unit: fc.constantFrom("'", '=', '+', '-', '@', '\t', '1', 'a', ' '),
      maxLength: 6,
    });
    fc.assert(
      fc.property(text, (cell) => {
        expect(unescapeFormula(escapeFormula(cell))).toBe(cell);
        expect(looksLikeFormula(escapeFormula(cell))).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('are not confused with numbers', () => {
    expect(looksLikeFormula('=HYPERLINK("http://x")')).toBe(true);
    expect(looksLikeFormula('@SUM(A1)')).toBe(true);
    expect(looksLikeFormula('-5')).toBe(false);
    expect(looksLikeFormula('+49 170 1234567')).toBe(false);
  });
});
