import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import Papa from 'papaparse';
import { CsvRows } from '../../../crm/input/csv-rows.ts';
import type { InputRow } from '../../../crm/input/row.ts';

const blocksOf = (text: string, size: number): string[] =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
    text.slice(index * size, (index + 1) * size),
  );

const read = (
  text: string,
  { delimiter = ',', blockSize = 64 * 1024, newline = '\n' as '\n' | '\r' } = {},
): InputRow[] => {
  const rows = new CsvRows(delimiter, newline);
  return [...blocksOf(text, blockSize).flatMap((block) => rows.push(block)), ...rows.end()];
};

// A carriage return at the end of a line is taken for part of the line break, even inside of quotes.
const cell = fc
  .string({ unit: fc.constantFrom('a', 'é', '漢', ' ', ',', ';', '"', '\n', '\r', '=', '0'), maxLength: 8 })
  .map((text) => text.replace(/\r+$/, ''));
const table = fc
  .integer({ min: 2, max: 5 })
  .chain((width) =>
    fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 20 }),
  );

describe('CSV rows', () => {
  it('come back as they were written, however the text is cut into blocks', () => {
    fc.assert(
      fc.property(
        table,
        fc.constantFrom(',', ';', '\t'),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (cells, delimiter, blockSize, crlf) => {
          const text = Papa.unparse(cells, { delimiter, newline: crlf ? '\r\n' : '\n', quotes: true });
          const rows = read(text, { delimiter, blockSize });
          expect(rows.map((row) => row.cells)).toEqual(cells);
          expect(rows.every((row) => row.fault === undefined)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('name the physical line on which each begins, with line breaks inside of cells', () => {
    const rows = read('a,b\n"1\n2\n3",x\n\ny,z\n', { blockSize: 3 });
    expect(rows.map(({ line, cells }) => [line, cells.length])).toEqual([
      [1, 2],
      [2, 2],
      [6, 2],
    ]);
  });

  it('lose nothing behind a broken quotation mark: only its own line is at fault', () => {
    const rows = read('a,b\n1,"x" y\n2,ok\n"3,never closed\n4,ok\n5,ok\n', { blockSize: 7 });
    expect(rows.map(({ line, fault }) => [line, fault !== undefined])).toEqual([
      [1, false],
      [2, true],
      [3, false],
      [4, true],
      [5, false],
      [6, false],
    ]);
  });

  it('are read with mixed line endings, and with those of old Macintosh programs', () => {
    expect(read('a,b\r\n1,2\n3,4\r\n').map(({ cells }) => cells)).toEqual([
      ['a', 'b'],
      ['1', '2'],
      ['3', '4'],
    ]);
    expect(read('a,b\r1,2\r', { newline: '\r' }).map(({ cells }) => cells)).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
  });

  it('go on behind a line that is longer than any record can be', () => {
    const rows = read(`a,b\n${'x'.repeat(3_000_000)}\n1,2\n`);
    expect(rows.map(({ line, fault }) => [line, fault])).toEqual([
      [1, undefined],
      [2, 'is longer than 1 MiB'],
      [3, undefined],
    ]);
  });

  it('go on behind a quotation mark that swallows more than any record can hold', () => {
    const rest = Array.from({ length: 60_000 }, (_, index) => `${index},some text here`);
    const rows = read(`a,b\n1,"open\n${rest.join('\n')}\n`);
    expect(rows.filter(({ fault }) => fault !== undefined).map(({ line }) => line)).toEqual([2]);
    expect(rows).toHaveLength(rest.length + 2);
  });

  it('stop with a sentence where the quotes are broken all over', () => {
    const text = `a,b\n${'1,"x" y\n'.repeat(1200)}`;
    expect(() => read(text)).toThrow(/More than 1000 lines have broken quotation marks/);
  });
});
