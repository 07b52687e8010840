import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary file without a name: nothing is left behind, however this process ends. */
export class NamelessFile {
  private readonly descriptor: number;

  constructor() {
    const folder = mkdtempSync(join(tmpdir(), 'crm-rows-'));
    this.descriptor = openSync(join(folder, 'rows'), 'wx+', 0o600);
    try {
      rmSync(folder, { recursive: true });
    } catch {
      // Windows keeps an open file's name; the system clears its temporary folder.
    }
  }

  append(words: Uint32Array): void {
    const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.descriptor, bytes, at);
  }

  read(): Uint32Array {
    const bytes = new Uint8Array(fstatSync(this.descriptor).size);
    for (let at = 0; at < bytes.length; ) {
      const read = readSync(this.descriptor, bytes, at, bytes.length - at, at);
      if (read === 0) throw new Error('A temporary file ended early.');
      at += read;
    }
    return new Uint32Array(bytes.buffer);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
