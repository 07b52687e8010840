import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Fingerprints, type Repetition } from '../../../crm/customers/fingerprints.ts';
import { LineSet } from '../../../crm/reading/line-set.ts';

const hashOf = (value: number): string => createHash('sha256').update(String(value)).digest('hex');

const expected = (hashes: readonly string[]): Repetition[] => {
  const lines = new Map<string, number>();
  return hashes.flatMap((hash, line) => {
    const ofLine = lines.get(hash);
    lines.set(hash, line);
    return ofLine === undefined ? [] : [{ line, ofLine }];
  });
};

const found = (hashes: readonly string[]): Repetition[] => {
  using fingerprints = new Fingerprints();
  hashes.forEach((hash, line) => {
    fingerprints.add(hash, line);
  });
  return [...fingerprints.repetitions()].sort((a, b) => a.line - b.line);
};

describe('repeated keys of a file', () => {
  it('are all found, each with the row that it repeats', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 80 }), (values) => {
        const hashes = values.map(hashOf);
        expect(found(hashes)).toEqual(expected(hashes));
      }),
    );
  });

  it('are found under a keyed hash too', () => {
    const hashes = [1, 2, 1].map((value) => `2026-11:${hashOf(value)}`);
    expect(found(hashes)).toEqual([{ line: 2, ofLine: 0 }]);
  });

  it('are found among more rows than are kept in memory, and no file stays behind', () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('crm-rows-')).length;
    // All in one partition: its buffer overflows soon.
    const hashes = Array.from({ length: 20_000 }, (_, index) => `00${hashOf(index % 15_000).slice(2)}`);
    expect(found(hashes)).toEqual(expected(hashes));
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('crm-rows-')).length).toBe(before);
  });
});

describe('a set of lines', () => {
  it('holds what was added, and nothing else', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 200_000 }), { maxLength: 30 }), (lines) => {
        const set = new LineSet();
        for (const line of lines) set.add(line);
        for (const line of lines) {
          expect(set.has(line)).toBe(true);
          expect(set.has(line + 1)).toBe(lines.includes(line + 1));
        }
      }),
    );
  });
});
