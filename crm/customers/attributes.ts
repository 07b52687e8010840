import { coerceValue, isStorable, type ValueType } from './cell-value.ts';
import { addFault, type Draft } from './draft.ts';

const unusable = new Set(['__proto__', 'prototype', 'constructor']);

// DynamoDB's limits: a name is not empty, and at most 64 KB in UTF-8.
const maxNameBytes = 65_535;

/**
 * Whether an attribute can have that name: DynamoDB refuses empty and overlong ones, and the record's schema leaves
 * out those that JavaScript gives a meaning.
 */
export const isUsableName = (name: string): boolean =>
  name !== '' &&
  !unusable.has(name) &&
  (name.length <= maxNameBytes / 3 || Buffer.byteLength(name) <= maxNameBytes);

const unusableName = 'is not a usable attribute name';
// A name that is a megabyte of text must not be repeated in a message.
const shownChars = 60;

const expected: Readonly<Record<ValueType, string>> = {
  string: 'must be a text',
  number: 'must be a number that can be kept exactly',
  boolean: 'must be true or false',
};

/** Why a value cannot be that attribute's; undefined when it can. */
const faultOf = (name: string, value: unknown, type: ValueType | undefined): string | undefined => {
  if (!isUsableName(name)) return unusableName;
  if (value === undefined) return expected[type ?? 'string'];
  return typeof value === 'number' && !isStorable(value) ? expected.number : undefined;
};

/** Adds an attribute as it came from JSON; absent and `null` ones are left out. */
export const addAttribute = (
  draft: Draft,
  name: string,
  value: unknown,
  type: ValueType | undefined,
): void => {
  if (value === null || value === undefined) return;
  const typed = type === undefined || typeof value === type ? value : coerceValue(String(value), type);
  const fault = faultOf(name, typed, type);
  if (fault === undefined) {
    draft.candidate.attributes ??= {};
    draft.candidate.attributes[name] = typed;
  } else {
    addFault(draft, name === '' ? '(empty name)' : name.slice(0, shownChars), fault);
  }
};
