import type { InputRow } from '../input/row.ts';
import { textFault, textsOf } from '../input/text-fault.ts';
import { counted } from '../terminal/terminal.ts';
import type { Draft } from './draft.ts';
import { looksLikeFormula } from './formula.ts';

/** Which types an attribute's values have had: one bit each. */
export interface SeenTypes {
  bits: number;
}

/** How often something was seen, and the line where it was seen first. */
export interface Sightings {
  count: number;
  line: number;
}

const typeNames = ['string', 'number', 'boolean'] as const;

/** What was noticed while reading that is not a fault, but often a mistake. */
export interface Observations {
  rows: number;
  readonly formulas: Sightings;
  /** Ids and addresses with blanks around them, which were removed. */
  readonly padded: Sightings;
  /** Ends that name a day and no time. */
  readonly dateOnly: Sightings;
  /** Records whose end has passed. */
  readonly expired: Sightings;
  /** By attribute. */
  readonly types: Map<string, SeenTypes>;
}

const none = (): Sightings => ({ count: 0, line: 0 });

export const newObservations = (): Observations => ({
  rows: 0,
  formulas: none(),
  padded: none(),
  dateOnly: none(),
  expired: none(),
  types: new Map(),
});

export const noteFirst = (sightings: Sightings, line: number): void => {
  sightings.count += 1;
  sightings.line ||= line;
};

/** Looks at the characters of a row. Returns why it cannot be accepted; notes formulas. */
export const observeText = (row: InputRow, { formulas }: Observations): string | undefined => {
  for (const text of textsOf(row)) {
    const fault = textFault(text);
    if (fault !== undefined) return fault;
    if (looksLikeFormula(text)) noteFirst(formulas, row.line);
  }
  return undefined;
};

// Names that are data (a file turned on its side) must not fill the memory.
const mostAttributes = 1000;

/** The types that an attribute has had so far. */
export const typesOf = (name: string, { types }: Observations): SeenTypes => {
  const known = types.get(name);
  if (known !== undefined) return known;
  const seen = { bits: 0 };
  if (types.size < mostAttributes) types.set(name, seen);
  return seen;
};

export const seenType = (seen: SeenTypes, value: unknown): void => {
  if (typeof value === 'string') seen.bits |= 1;
  else if (typeof value === 'number') seen.bits |= 2;
  else seen.bits |= 4;
};

/** Notes the types of attributes that came from JSON. */
export const observeAttributes = ({ candidate }: Draft, observations: Observations): void => {
  for (const [name, value] of Object.entries(candidate.attributes ?? {})) {
    seenType(typesOf(name, observations), value);
  }
};

const sentence = (
  { count, line }: Sightings,
  say: (count: number, where: string) => string,
): readonly string[] => (count === 0 ? [] : [say(count, `first in line ${line}`)]);

/** The observations as sentences for the summary. */
export const describeObservations = (observations: Observations): string[] => {
  const { padded, formulas, dateOnly, expired, types } = observations;
  const sentences = [
    ...sentence(
      padded,
      (count, where) =>
        `${counted(count, 'id or address has', 'ids or addresses have')} blanks around (${where}): they were removed.`,
    ),
    ...sentence(
      formulas,
      (count, where) =>
        `${counted(count, 'cell looks like a spreadsheet formula', 'cells look like spreadsheet formulas')} (${where}): kept as plain text.`,
    ),
    ...sentence(
      dateOnly,
      (count, where) =>
        `${counted(count, 'row names', 'rows name')} a day without a time as expiresAt (${where}): that record ends when the day begins, at 00:00 UTC.`,
    ),
    ...sentence(
      expired,
      (count, where) =>
        `${counted(count, 'record has', 'records have')} expired already (${where}): to the service, it is as if they were absent.`,
    ),
  ];
  for (const [name, { bits }] of types) {
    const seen = typeNames.filter((_, index) => (bits & (1 << index)) !== 0);
    if (seen.length < 2) continue;
    sentences.push(
      `Attribute "${name}" is ${seen.join(' in some rows and ')} in others: --type "${name}=string" makes them all text.`,
    );
  }
  return sentences;
};
