import Papa from 'papaparse';

/** One line of CSV, with its end. */
export const csvLine = (cells: readonly unknown[]): string => `${Papa.unparse([cells], { newline: '\n' })}\n`;
