import type { AttributeValue } from '../../lambda/guest/crm-record.ts';

export const valueTypes = ['string', 'number', 'boolean'] as const;
export type ValueType = (typeof valueTypes)[number];

// No leading zeros, no plus: postcodes, article and telephone numbers stay text.
const numeral = /^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/;

/** Whether DynamoDB keeps the number as it is, and the SDK accepts it. */
export const isStorable = (value: number): boolean =>
  Math.abs(value) <= Number.MAX_SAFE_INTEGER && (value === 0 || Math.abs(value) >= 1e-130);

// More digits than a double holds would not come back as they were written.
const mostDigits = 15;

/** A number only where writing it back gives the same text: a version 1.10, a size 2.0 and -0 stay text. */
const exactNumber = (text: string): number | undefined =>
  numeral.test(text) && String(Number(text)) === text ? Number(text) : undefined;

/** The number that up to 15 digits and nothing else make; -1 for any other text. By hand: three times as fast. */
const digitsOnly = (text: string): number => {
  if (text.length === 0 || text.length > mostDigits) return -1;
  let value = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
};

/** Type by the look of one value: true/false, a number, else text. */
export const inferValue = (text: string): AttributeValue => {
  const first = text.charCodeAt(0);
  if (first === 45 || (first >= 48 && first <= 57)) {
    const count = first === 48 && text.length > 1 ? -1 : digitsOnly(text);
    return count < 0 ? (exactNumber(text) ?? text) : count;
  }
  if (text.length === 4 && text.toLowerCase() === 'true') return true;
  if (text.length === 5 && text.toLowerCase() === 'false') return false;
  return text;
};

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A text as a number, however it is written; undefined when it is none. Used where a number is expected. */
export const toNumber = (text: string): number | undefined => {
  const count = digitsOnly(text);
  if (count >= 0) return count;
  const trimmed = text.trim();
  return decimal.test(trimmed) ? Number(trimmed) : undefined;
};

const words: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  1: true,
  false: false,
  no: false,
  0: false,
};

/** A text as the type it was given; undefined when it cannot be. */
export const coerceValue = (text: string, type: ValueType): AttributeValue | undefined => {
  if (type === 'string') return text;
  if (type === 'boolean') return words[text.trim().toLowerCase()];
  const value = toNumber(text);
  return value !== undefined && isStorable(value) ? value : undefined;
};
