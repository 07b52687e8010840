import type { InputRow } from '../input/row.ts';
import type { Draft } from './customer.ts';
import { looksLikeFormula } from './formula.ts';

/** Which types an attribute's values have had: one bit each. */
export interface SeenTypes {
  bits: number;
}

const typeNames = ['string', 'number', 'boolean'] as const;

/** What was noticed while reading that is no fault, but often a mistake. Counts, and the first line of each. */
export interface Observations {
  rows: number;
  formulas: number;
  formulaLine: number;
  paddedIds: number;
  paddedLine: number;
  /** By attribute. */
  readonly types: Map<string, SeenTypes>;
}

export const newObservations = (): Observations => ({
  rows: 0,
  formulas: 0,
  formulaLine: 0,
  paddedIds: 0,
  paddedLine: 0,
  types: new Map(),
});

const textsOf = (row: InputRow): string[] =>
  row.cells.flatMap((cell) => {
    if (typeof cell === 'string') return [cell];
    return typeof cell === 'object' && cell !== null
      ? Object.values(cell).filter((value) => typeof value === 'string')
      : [];
  });

/** Looks at the characters of a row. Returns why it cannot be accepted; notes formulas. */
export const observeText = (row: InputRow, observations: Observations): string | undefined => {
  for (const text of textsOf(row)) {
    if (text.includes('\0')) return 'has a NUL byte in it';
    if (text.includes('\uFFFD')) {
      return 'has characters that are not UTF-8: save the file as UTF-8, or name its --encoding (often windows-1252)';
    }
    if (looksLikeFormula(text)) {
      observations.formulas += 1;
      observations.formulaLine ||= row.line;
    }
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

/** Notes ids with spaces around them. */
export const observeSessionId = (line: number, { sessionId }: Draft, observations: Observations): void => {
  if (typeof sessionId === 'string' && hasSpaceAround(sessionId)) {
    observations.paddedIds += 1;
    observations.paddedLine ||= line;
  }
};

/** Notes the types of attributes that came from JSON. */
export const observeAttributes = ({ candidate }: Draft, observations: Observations): void => {
  for (const [name, value] of Object.entries(candidate.attributes ?? {})) {
    seenType(typesOf(name, observations), value);
  }
};

const hasSpaceAround = (text: string): boolean =>
  text.charCodeAt(0) === 32 || text.charCodeAt(text.length - 1) === 32;

/** The observations as sentences for the summary. */
export const describeObservations = (observations: Observations): string[] => {
  const { formulas, formulaLine, paddedIds, paddedLine, types } = observations;
  const sentences: string[] = [];
  if (paddedIds > 0) {
    sentences.push(
      `${paddedIds} session ids begin or end with a space (first in line ${paddedLine}): they are kept so, and match only if the website sends the space too.`,
    );
  }
  if (formulas > 0) {
    sentences.push(
      `${formulas} cells look like spreadsheet formulas (first in line ${formulaLine}): they are kept as plain text.`,
    );
  }
  for (const [name, { bits }] of types) {
    const seen = typeNames.filter((_, index) => (bits & (1 << index)) !== 0);
    if (seen.length < 2) continue;
    sentences.push(
      `Attribute "${name}" is ${seen.join(' in some rows and ')} in others: --type ${name}=string makes them all text.`,
    );
  }
  return sentences;
};
