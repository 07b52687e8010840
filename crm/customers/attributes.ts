import { coerceValue, isStorable, type ValueType } from './cell-value.ts';
import type { Draft } from './customer.ts';

const unusable = new Set(['__proto__', 'prototype', 'constructor']);

/** Whether an attribute can have that name: the record's schema leaves out names that JavaScript gives a meaning. */
export const isUsableName = (name: string): boolean => !unusable.has(name);

const expected: Readonly<Record<ValueType, string>> = {
  string: 'must be a text',
  number: 'must be a number that can be kept exactly',
  boolean: 'must be true or false',
};

export const addFault = (draft: Draft, field: string, message: string): void => {
  draft.faults ??= [];
  draft.faults.push({ field, message });
};

/** Why a value cannot be that attribute's; undefined when it can. */
const faultOf = (name: string, value: unknown, type: ValueType | undefined): string | undefined => {
  if (!isUsableName(name)) return 'is not a usable attribute name';
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
    addFault(draft, name, fault);
  }
};
