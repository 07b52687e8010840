import type { Customer } from '../customers/customer.ts';
import type { ConcurrencyLimit } from './concurrency-limit.ts';

/** Rows with different keys, sent together. */
export type Batch = readonly Customer[];

export interface BatchOptions {
  readonly size: number;
  readonly limit: ConcurrencyLimit;
  /** Whether of two rows with one key in a batch only the later is sent; else they are sent one after the other. */
  readonly lastWins: boolean;
  send(batch: Batch): Promise<void>;
  /** Every row up to this line is done. */
  onDone(line: number): void;
}

interface Flight {
  readonly lastLine: number;
  done: boolean;
}

/**
 * Sends rows in batches, several at once, and yet in order where order matters: two rows with one key are never
 * under way together, so that the later one wins.
 */
export class Batches {
  private batch = new Map<string, Customer>();
  private lastLine = 0;
  private readonly keysUnderWay = new Map<string, Promise<void>>();
  private readonly flights: Flight[] = [];
  private readonly underWay = new Set<Promise<void>>();
  private failure: { readonly error: unknown } | undefined;

  constructor(private readonly options: BatchOptions) {}

  /** @throws what a request failed with, then or earlier */
  async add(customer: Customer): Promise<void> {
    const { sessionHash, line } = customer;
    if (this.batch.has(sessionHash) && !this.options.lastWins) await this.flush();
    const before = this.keysUnderWay.get(sessionHash);
    if (before !== undefined) await before;
    this.batch.set(sessionHash, customer);
    this.lastLine = line;
    if (this.batch.size >= this.options.size) await this.flush();
  }

  /** Sends what is left and waits for everything. */
  async end(): Promise<void> {
    await this.flush();
    await this.settle();
    this.check();
  }

  /** Waits for what is under way; for an end that is no success. */
  async settle(): Promise<void> {
    await Promise.all(this.underWay);
  }

  private check(): void {
    if (this.failure !== undefined) throw this.failure.error;
  }

  private async flush(): Promise<void> {
    if (this.batch.size === 0) return;
    const batch = [...this.batch.values()];
    const flight: Flight = { lastLine: this.lastLine, done: false };
    this.batch = new Map();
    this.flights.push(flight);
    await this.options.limit.enter();
    this.check();
    const sent = this.fly(batch, flight);
    for (const { sessionHash } of batch) this.keysUnderWay.set(sessionHash, sent);
    this.underWay.add(sent);
    void sent.then(() => this.underWay.delete(sent));
  }

  private async fly(batch: Batch, flight: Flight): Promise<void> {
    try {
      await this.options.send(batch);
      flight.done = true;
      this.advance();
    } catch (error) {
      this.failure ??= { error };
    } finally {
      for (const { sessionHash } of batch) this.keysUnderWay.delete(sessionHash);
      this.options.limit.leave();
    }
  }

  private advance(): void {
    let line: number | undefined;
    while (this.flights[0]?.done === true) line = this.flights.shift()?.lastLine;
    if (line !== undefined) this.options.onDone(line);
  }
}
