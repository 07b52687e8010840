import type { InputRow } from '../input/row.ts';
import type { Draft } from './customer.ts';
import { looksLikeFormula } from './formula.ts';

interface TypeCounts {
  string: number;
  number: number;
  boolean: number;
}

/** What was noticed while reading that is no fault, but often a mistake. Counts, and the first line of each. */
export interface Observations {
  rows: number;
  formulas: number;
  formulaLine: number;
  paddedIds: number;
  paddedLine: number;
  /** Attribute → how many values of each type. */
  readonly types: Map<string, TypeCounts>;
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

const mostAttributes = 1000;

/** Notes ids with spaces around them, and the types of attribute values. */
export const observeDraft = (
  line: number,
  { sessionId, candidate }: Draft,
  observations: Observations,
): void => {
  if (typeof sessionId === 'string' && hasSpaceAround(sessionId)) {
    observations.paddedIds += 1;
    observations.paddedLine ||= line;
  }
  const { attributes } = candidate;
  for (const name in attributes) {
    let counts = observations.types.get(name);
    if (counts === undefined) {
      if (observations.types.size >= mostAttributes) continue;
      counts = { string: 0, number: 0, boolean: 0 };
      observations.types.set(name, counts);
    }
    const type = typeof attributes[name];
    if (type === 'string') counts.string += 1;
    else if (type === 'number') counts.number += 1;
    else if (type === 'boolean') counts.boolean += 1;
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
  for (const [name, counts] of types) {
    const kinds = Object.entries(counts).filter(([, count]) => count > 0);
    if (kinds.length < 2) continue;
    const mix = kinds.map(([type, count]) => `${count} × ${type}`).join(', ');
    sentences.push(
      `Attribute "${name}" has mixed types (${mix}): --type ${name}=string makes them all text.`,
    );
  }
  return sentences;
};
