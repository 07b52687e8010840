import { readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, totalmem } from 'node:os';
import { type BenchResult, formatTable } from './table.ts';

/** What the figures were measured on. */
export const machine = (): string => {
  const [cpu] = cpus();
  return `${platform()} ${arch()}, ${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node.js ${process.versions.node} (V8 ${process.versions.v8})`;
};

/**
 * Replaces what stands between `<!-- NAME -->` and `<!-- /NAME -->`.
 * @throws when the document has no such place
 */
export const insertTables = (document: string, name: string, text: string): string => {
  const [from, to] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [begins, ends] = [document.indexOf(from), document.indexOf(to)];
  if (begins < 0 || ends < begins) throw new Error(`The document has no place for ${name}: ${from} … ${to}`);
  return `${document.slice(0, begins + from.length)}\n\n${text.trim()}\n\n${document.slice(ends)}`;
};

/** Writes the tables of these benches into their places; everything else in the document stays. */
export const writeDocument = (file: string, results: Readonly<Record<string, BenchResult>>): void => {
  let document = readFileSync(file, 'utf8');
  for (const [name, { tables }] of Object.entries(results)) {
    const measuredOn = `Measured on ${new Date().toISOString().slice(0, 10)}: ${machine()}.`;
    document = insertTables(
      document,
      `bench:${name}`,
      `${tables.map(formatTable).join('\n')}\n${name === 'size' ? '' : measuredOn}`,
    );
  }
  writeFileSync(file, document);
};
