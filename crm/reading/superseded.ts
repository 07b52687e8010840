import type { Customer, CustomerRules } from '../customers/customer.ts';
import { Fingerprints } from '../customers/fingerprints.ts';
import { type InputOptions, readOptions } from '../customers/input-options.ts';
import { newObservations } from '../customers/observations.ts';
import { readCustomers } from '../customers/read-customers.ts';
import { openText } from '../input/text-source.ts';
import { startProgress } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { LineSet } from './line-set.ts';

/** Lines of a file that repeat visitors. */
export interface RepeatedLines {
  /** Rows that a later row of the same visitor replaces. */
  readonly superseded: LineSet;
  /** All rows of visitors who come more than once. */
  readonly shared: LineSet;
}

/** Reads a file once for nothing but its repetitions. Its faults are for the reading that follows to report. */
export const findRepeatedLines = async (
  file: string,
  options: InputOptions,
  rules: CustomerRules,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<RepeatedLines> => {
  const source = await openText(file, options.encoding);
  const input = await readCustomers(source, readOptions(options));
  const lines = { superseded: new LineSet(), shared: new LineSet() };
  const observations = newObservations();
  const progress = startProgress(terminal, 'Looking for repeats');
  using fingerprints = new Fingerprints();
  try {
    for await (const { customers } of input.blocks(rules, observations)) {
      for (const { sessionHash, line } of customers) fingerprints.add(sessionHash, line);
      progress.update(observations.rows, source.sizeBytes && source.readBytes() / source.sizeBytes);
      if (signal.aborted) break;
    }
  } finally {
    progress.end();
  }
  for (const { line, ofLine } of fingerprints.repetitions()) {
    lines.superseded.add(ofLine);
    lines.shared.add(line);
    lines.shared.add(ofLine);
  }
  return lines;
};

/**
 * Keeps what an import would leave in the table: of several rows of a visitor the last one or, where `newer` compares
 * them, the newest.
 */
export class Winners {
  private readonly byHash = new Map<string, Customer>();

  constructor(
    private readonly lines: RepeatedLines,
    private readonly newer: ((a: Customer, b: Customer) => boolean) | undefined,
  ) {}

  /** Whether the row can be judged by itself; else it is kept until `rest`, or dropped. */
  isAlone(customer: Customer): boolean {
    const { superseded, shared } = this.lines;
    if (this.newer === undefined) return !superseded.has(customer.line);
    if (!shared.has(customer.line)) return true;
    const before = this.byHash.get(customer.sessionHash);
    if (before === undefined || !this.newer(before, customer))
      this.byHash.set(customer.sessionHash, customer);
    return false;
  }

  rest(): Iterable<Customer> {
    return this.byHash.values();
  }
}
