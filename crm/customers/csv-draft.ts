import type { InputRow } from '../input/row.ts';
import { addAttribute } from './attributes.ts';
import { inferValue, toNumber } from './cell-value.ts';
import type { ColumnOptions, Header } from './columns.ts';
import { addFault, type Draft } from './draft.ts';
import { isDateOnly, toEpochSeconds } from './expiry.ts';
import { unescapeFormula } from './formula.ts';
import { noteFirst, type Observations, seenType, typesOf } from './observations.ts';
import { hasBlanksAround } from './trimmed.ts';

/** A cell's text; undefined where it is empty or its column is not there. Not a closure: this is the hottest code. */
const cellAt = (cells: InputRow['cells'], index: number, escaped: boolean): string | undefined => {
  if (index < 0) return undefined;
  const value = cells[index];
  if (typeof value !== 'string' || value === '') return undefined;
  return escaped ? unescapeFormula(value) : value;
};

const attributeObject = (text: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
};

const addAll = (
  draft: Draft,
  attributes: Record<string, unknown> | undefined,
  types: ColumnOptions['types'],
): void => {
  if (attributes === undefined) addFault(draft, 'attributes', 'must be a JSON object');
  for (const [name, value] of Object.entries(attributes ?? {}))
    addAttribute(draft, name, value, types.get(name));
};

/**
 * Makes the function that turns the cells of a CSV row into a draft; an empty cell is absent.
 * The columns are resolved once, here: this runs for every row of an import.
 */
export const csvDraft = (
  header: Header,
  { types }: Pick<ColumnOptions, 'types'>,
  observations: Observations,
): ((row: InputRow) => Draft) => {
  const { byField, roles, isOurs: escaped } = header;
  const at = (field: Parameters<typeof byField.get>[0]): number => byField.get(field) ?? -1;
  const [id, hash, email, firstName, tier] = (
    ['sessionId', 'sessionHash', 'email', 'firstName', 'tier'] as const
  ).map(at) as [number, number, number, number, number];
  const [tickets, crmId, updatedAt, expiresAt, map] = (
    ['previousTickets', 'crmId', 'updatedAt', 'expiresAt', 'attributes'] as const
  ).map(at) as [number, number, number, number, number];
  const entries = roles.flatMap((role, index) =>
    role.kind === 'attribute'
      ? [{ index, name: role.name, type: role.type, seen: typesOf(role.name, observations) }]
      : [],
  );

  const trimmedAt = (row: InputRow, index: number): string | undefined => {
    const value = cellAt(row.cells, index, escaped);
    if (value === undefined || !hasBlanksAround(value)) return value;
    noteFirst(observations.padded, row.line);
    return value.trim() || undefined;
  };

  return (row) => {
    const { cells } = row;
    const ticketCount = cellAt(cells, tickets, escaped);
    const expiry = cellAt(cells, expiresAt, escaped);
    if (expiry !== undefined && isDateOnly(expiry)) noteFirst(observations.dateOnly, row.line);
    // All properties at once: objects of one shape are what V8 is fast with.
    const candidate: Draft['candidate'] = {
      email: trimmedAt(row, email),
      firstName: cellAt(cells, firstName, escaped),
      tier: cellAt(cells, tier, escaped),
      previousTickets: ticketCount === undefined ? undefined : (toNumber(ticketCount) ?? ticketCount),
      crmId: trimmedAt(row, crmId),
      updatedAt: cellAt(cells, updatedAt, escaped),
      expiresAt: expiry === undefined ? undefined : toEpochSeconds(expiry),
      attributes: undefined,
    };
    const draft: Draft = {
      sessionId: trimmedAt(row, id),
      sessionHash: trimmedAt(row, hash),
      candidate,
      faults: undefined,
      // A cell is a text, and what it is taken for is a scalar: the check need not look again.
      scalars: map < 0,
    };
    let value = cellAt(cells, map, escaped);
    if (value !== undefined) addAll(draft, attributeObject(value), types);
    for (const { index, name, type, seen } of entries) {
      value = cellAt(cells, index, escaped);
      if (value === undefined) continue;
      if (type !== undefined) {
        addAttribute(draft, name, value, type);
        continue;
      }
      const inferred = inferValue(value);
      seenType(seen, inferred);
      candidate.attributes ??= {};
      candidate.attributes[name] = inferred;
    }
    return draft;
  };
};
