import {
  appendFileSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { codeOf, UserError } from '../terminal/problem.ts';

/** A subject as it is to be erased. Holds nothing personal: hashes, and the digests that Genesys knows customers by. */
export interface PlannedSubject {
  readonly number: number;
  readonly from: string;
  readonly of: 'session' | 'customer';
  readonly hashes: readonly string[];
  readonly externalIds: readonly string[];
  /** Whether a table held something when it was planned. */
  readonly found: boolean;
  readonly remarks: readonly string[];
}

const planned = v.object({
  number: v.number(),
  from: v.string(),
  of: v.picklist(['session', 'customer']),
  hashes: v.array(v.string()),
  externalIds: v.array(v.string()),
  found: v.boolean(),
  remarks: v.array(v.string()),
});
const head = v.object({ kind: v.literal('erasure-journal'), startedAt: v.string(), target: v.string() });

/** An erasure that was begun and not finished. */
export interface Unfinished {
  readonly path: string;
  readonly startedAt: string;
  readonly subjects: readonly PlannedSubject[];
}

const linesOf = (text: string): unknown[] =>
  text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line)];
    } catch {
      // The end of a line that was being written when the process ended.
      return [];
    }
  });

const read = (path: string, target: string): Unfinished | undefined => {
  const [first, ...rest] = linesOf(readFileSync(path, 'utf8'));
  if (!v.is(head, first) || first.target !== target) return undefined;
  const done = new Set(
    rest.flatMap((line) => (v.is(v.object({ done: v.number() }), line) ? [line.done] : [])),
  );
  const subjects = rest.filter((line) => v.is(planned, line)).filter(({ number }) => !done.has(number));
  return { path, startedAt: first.startedAt, subjects };
};

/**
 * What is about to be deleted, on disk before the first deletion: once a record is gone, nothing else knows which
 * registry entries and which contact belonged to it. A run that ends early leaves it, and the next run goes on.
 */
export class Journal {
  private constructor(
    private readonly path: string,
    private readonly descriptor: number,
  ) {}

  /** @throws UserError when it cannot be written: nothing was deleted yet */
  static write(
    folder: string,
    target: string,
    startedAt: string,
    subjects: readonly PlannedSubject[],
  ): Journal {
    const path = join(folder, `erasure-${startedAt.replaceAll(/[:.]/g, '-')}-${process.pid}.jsonl`);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const journal = new Journal(path, openSync(path, 'wx', 0o600));
      journal.add({ kind: 'erasure-journal', startedAt, target });
      for (const subject of subjects) journal.add(subject);
      fsyncSync(journal.descriptor);
      return journal;
    } catch (error) {
      throw new UserError(
        `The journal ${path} cannot be written (${codeOf(error) ?? 'unknown'}): nothing was erased. Name a folder with --journal.`,
      );
    }
  }

  /** Erasures from the same tables that were begun and not finished. */
  static unfinished(folder: string, target: string): readonly Unfinished[] {
    try {
      return readdirSync(folder)
        .filter((name) => /^erasure-.*\.jsonl$/.test(name))
        .sort()
        .flatMap((name) => read(join(folder, name), target) ?? []);
    } catch (error) {
      // Whether it can be made there is found out when it is written.
      if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return [];
      throw error;
    }
  }

  done(number: number): void {
    this.add({ done: number });
  }

  /** @param finished whether nothing is left to do: then there is nothing to remember */
  close(finished: boolean): void {
    closeSync(this.descriptor);
    if (finished) rmSync(this.path, { force: true });
  }

  private add(line: object): void {
    // Writes all of it, or fails: writeSync may write a part on a full disk, and say nothing.
    appendFileSync(this.descriptor, `${JSON.stringify(line)}\n`);
  }
}
