import { toNumber } from './cell-value.ts';

const isoDate = /^\d{4}-\d{2}-\d{2}(?:T.*)?$/;
export const isDateOnly = (value: unknown): boolean =>
  typeof value === 'string' && value.length === 10 && isoDate.test(value);

/** Epoch seconds from a number, its text, or an ISO date (without a zone: UTC); anything else is for the schema to refuse. */
export const toEpochSeconds = (value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  if (isoDate.test(value)) {
    const hasZone = value.length === 10 || /(?:Z|[+-]\d{2}:?\d{2})$/.test(value);
    const ms = Date.parse(hasZone ? value : `${value}Z`);
    if (!Number.isNaN(ms)) return Math.floor(ms / 1000);
  }
  return toNumber(value) ?? value;
};

const yearSeconds = 365 * 86_400;
/** A record that ended longer ago was never meant: DynamoDB's TTL would not even remove what is 5 years past. */
const longPastSeconds = yearSeconds;
const farAheadSeconds = 100 * yearSeconds;

const isCompactDate = (value: number): boolean =>
  value >= 19_000_101 && value <= 29_991_231 && value % 100 >= 1 && value % 100 <= 31;
const isSpreadsheetDate = (value: number): boolean => value >= 20_000 && value < 110_000;
const milliseconds = 100_000_000_000;

/** Why a time cannot be a record's end as somebody meant it; undefined when it can. */
export const expiryFault = (seconds: unknown, nowSeconds: number): string | undefined => {
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) return undefined;
  if (seconds >= nowSeconds - longPastSeconds && seconds <= nowSeconds + farAheadSeconds) return undefined;
  if (seconds >= milliseconds) return 'looks like milliseconds: it is seconds since 1970, or an ISO date';
  if (isCompactDate(seconds)) return 'looks like a date without hyphens: write it as 2027-12-31';
  if (isSpreadsheetDate(seconds))
    return 'looks like a date as Excel counts it: format the column as 2027-12-31';
  if (seconds > nowSeconds) return 'is more than 100 years ahead';
  return 'is more than a year ago: such a record would be gone at once';
};
