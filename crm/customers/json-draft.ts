import { isObject } from '../input/json-rows.ts';
import type { InputRow } from '../input/row.ts';
import { addAttribute } from './attributes.ts';
import { toNumber } from './cell-value.ts';
import { type ColumnOptions, misspeltSentence, type Role, roleOf } from './columns.ts';
import { addFault, type Draft } from './draft.ts';
import { isDateOnly, toEpochSeconds } from './expiry.ts';
import { noteFirst, type Observations } from './observations.ts';
import { hasBlanksAround } from './trimmed.ts';

const toCount = (value: unknown): unknown => (typeof value === 'string' ? (toNumber(value) ?? value) : value);

/** Makes the function that turns the object of a JSON line into a draft; `null` is absent, types are kept. */
export const jsonDraft = (options: ColumnOptions, observations: Observations): ((row: InputRow) => Draft) => {
  const roles = new Map<string, Role>();
  const role = (name: string): Role => {
    const known = roles.get(name) ?? roleOf(name, options);
    // Bounded: names that are data (a file turned on its side) must not fill the memory.
    if (roles.size < 10_000) roles.set(name, known);
    return known;
  };

  const trimmed = (value: unknown, line: number): unknown => {
    if (typeof value !== 'string' || !hasBlanksAround(value)) return value;
    noteFirst(observations.padded, line);
    return value.trim();
  };

  return ({ cells, line }) => {
    const candidate: Draft['candidate'] = { email: undefined };
    const draft: Draft = { candidate, faults: undefined, scalars: false };
    const object = isObject(cells[0]) ? cells[0] : {};
    for (const [name, value] of Object.entries(object)) {
      if (value === null) continue;
      const meaning = role(name);
      if (meaning.kind === 'attribute') addAttribute(draft, meaning.name, value, meaning.type);
      if (meaning.kind === 'misspelt') addFault(draft, name, misspeltSentence(name, meaning.field));
      if (meaning.kind !== 'field') continue;
      const { field } = meaning;
      if (field === 'sessionId' || field === 'sessionHash') draft[field] = trimmed(value, line);
      else if (field === 'previousTickets') candidate.previousTickets = toCount(value);
      else if (field === 'email' || field === 'crmId') candidate[field] = trimmed(value, line);
      else if (field === 'expiresAt') {
        if (isDateOnly(value)) noteFirst(observations.dateOnly, line);
        candidate.expiresAt = toEpochSeconds(value);
      } else if (field !== 'attributes') candidate[field] = value;
      else if (!isObject(value)) addFault(draft, 'attributes', 'must be an object');
      else {
        for (const [entry, content] of Object.entries(value))
          addAttribute(draft, entry, content, options.types.get(entry));
      }
    }
    return draft;
  };
};
