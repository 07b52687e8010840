// What spreadsheets take for a formula when they open a CSV file.
const startsFormula = /^[=+\-@\t\r]/;

/** Whether a spreadsheet would run a cell: a formula, but no plain number such as -5 or +49 170 1234567. */
export const looksLikeFormula = (cell: string): boolean =>
  startsFormula.test(cell) && !/^[+-][\d\s.,()/-]*$/.test(cell);

/** Disarms a cell for spreadsheets; `unescapeFormula` gives the same text back. */
export const escapeFormula = (cell: string): string =>
  looksLikeFormula(cell) || cell.startsWith("'") ? `'${cell}` : cell;

export const unescapeFormula = (cell: string): string =>
  cell.startsWith("'") && escapeFormula(cell.slice(1)) === cell ? cell.slice(1) : cell;
