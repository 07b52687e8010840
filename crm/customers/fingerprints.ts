import { NamelessFile } from './nameless-file.ts';

/** Two rows of one file with the same key. */
export interface Repetition {
  readonly line: number;
  /** The row whose key it repeats: the nearest one before it. */
  readonly ofLine: number;
}

const partitions = 128;
const words = 3;
// 12 MB in all: an everyday import, of up to about a million rows, needs no file.
const bufferEntries = 8192;

/** The value of a lower-case hexadecimal digit: letters have bit 6 set, and end with 1 to 6. */
const digit = (text: string, at: number): number => {
  const code = text.charCodeAt(at);
  return (code & 15) + (code >> 6) * 9;
};

const byte = (text: string, at: number): number => (digit(text, at) << 4) | digit(text, at + 1);

/** 32 bits of a hash from a digit on. Without a loop: `Number.parseInt`, or a loop, takes twice as long. */
const word = (text: string, at: number): number =>
  ((byte(text, at) << 24) | (byte(text, at + 2) << 16) | (byte(text, at + 4) << 8) | byte(text, at + 6)) >>>
  0;

/**
 * Finds repeated session hashes among any number of rows in flat memory: what does not fit goes to temporary files,
 * 12 bytes a row, partitioned by hash, and each partition fits into memory afterwards. 71 bits of each hash are compared
 * (among 100 million rows, two different ones are taken for the same with a probability of about 2 in a million).
 */
export class Fingerprints implements Disposable {
  private readonly buffers: Uint32Array[] = [];
  private readonly filled = new Uint32Array(partitions);
  private readonly files: (NamelessFile | undefined)[] = [];

  add(sessionHash: string, line: number): void {
    // A keyed hash begins with its key's id: the digest is the last 64 digits.
    const start = sessionHash.length - 64;
    const partition = byte(sessionHash, start) % partitions;
    let buffer = this.buffers[partition];
    if (buffer === undefined) {
      buffer = new Uint32Array(bufferEntries * words);
      this.buffers[partition] = buffer;
    }
    const filled = this.filled[partition] ?? 0;
    const at = filled * words;
    buffer[at] = word(sessionHash, start + 2);
    buffer[at + 1] = word(sessionHash, start + 10);
    buffer[at + 2] = line;
    this.filled[partition] = filled + 1;
    if (filled + 1 === bufferEntries) this.spill(partition, buffer);
  }

  /** Every row that repeats an earlier one, by partition, not by line. */
  *repetitions(): Generator<Repetition> {
    for (let partition = 0; partition < partitions; partition += 1) {
      yield* repetitionsIn(this.partition(partition));
    }
  }

  [Symbol.dispose](): void {
    for (const file of this.files) file?.close();
    this.files.length = 0;
  }

  private spill(partition: number, buffer: Uint32Array): void {
    const file = this.files[partition] ?? new NamelessFile();
    this.files[partition] = file;
    file.append(buffer);
    this.filled[partition] = 0;
  }

  private partition(partition: number): Uint32Array {
    const inMemory = this.buffers[partition]?.subarray(0, (this.filled[partition] ?? 0) * words) ?? [];
    const onDisk = this.files[partition]?.read() ?? [];
    const entries = new Uint32Array(onDisk.length + inMemory.length);
    entries.set(onDisk);
    entries.set(inMemory, onDisk.length);
    return entries;
  }
}

/** Open addressing over indexes of entries: no object for any of them. */
function* repetitionsIn(entries: Uint32Array): Generator<Repetition> {
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(entries.length / words + 1) + 1)).fill(-1);
  const mask = slots.length - 1;
  for (let at = 0; at < entries.length; at += words) {
    let slot = (entries[at] ?? 0) & mask;
    for (;;) {
      const earlier = slots[slot] ?? -1;
      if (earlier < 0) break;
      if (entries[earlier] === entries[at] && entries[earlier + 1] === entries[at + 1]) {
        yield { line: entries[at + 2] ?? 0, ofLine: entries[earlier + 2] ?? 0 };
        break;
      }
      slot = (slot + 1) & mask;
    }
    slots[slot] = at;
  }
}
