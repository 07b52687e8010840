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

const exactNumber = (text: string): number | undefined =>
  numeral.test(text) && (text.length <= mostDigits || text.replace(/\D/g, '').length <= mostDigits)
    ? Number(text)
    : undefined;

/** Type by the look of one value: true/false, a number, else text. */
export const inferValue = (text: string): AttributeValue => {
  const first = text.charCodeAt(0);
  if (first === 45 || (first >= 48 && first <= 57)) return exactNumber(text) ?? text;
  if (text.length === 4 && text.toLowerCase() === 'true') return true;
  if (text.length === 5 && text.toLowerCase() === 'false') return false;
  return text;
};

const shortCount = /^\d{1,15}$/;
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A text as a number, however it is written; undefined when it is none. Used where a number is expected. */
export const toNumber = (text: string): number | undefined => {
  if (shortCount.test(text)) return Number(text);
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
