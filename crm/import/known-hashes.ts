const digit = (text: string, at: number): number => {
  const code = text.charCodeAt(at);
  return (code & 15) + (code >> 6) * 9;
};

/** 32 bits of a hash's digest, from a hexadecimal digit on. */
const word = (text: string, at: number): number => {
  let value = 0;
  for (let index = at; index < at + 8; index += 1) value = (value << 4) | digit(text, index);
  return value >>> 0;
};

/**
 * A set of session hashes by 64 bits of their digests, about 16 bytes each: 10 million take 160 to 270 MB. Two different
 * ones are taken for the same with a probability of 1 in 10^18 for each pair: then a record stays that should go,
 * never the other way round.
 */
export class KnownHashes {
  private slots = new Uint32Array(2 * 1024);
  private filled = 0;

  get size(): number {
    return this.filled;
  }

  add(hash: string): void {
    if (this.filled * 3 >= this.slots.length) this.grow();
    if (this.insert(...this.wordsOf(hash))) this.filled += 1;
  }

  has(hash: string): boolean {
    const [high, low] = this.wordsOf(hash);
    return this.slots[this.find(high, low)] !== 0;
  }

  /** Zero stands for an empty slot. */
  private wordsOf(hash: string): readonly [number, number] {
    const start = hash.length - 64;
    return [word(hash, start) || 1, word(hash, start + 8)];
  }

  /** Where an entry is, or would be. */
  private find(high: number, low: number): number {
    const { slots } = this;
    const mask = slots.length / 2 - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const at = slot * 2;
      if (slots[at] === 0 || (slots[at] === high && slots[at + 1] === low)) return at;
    }
  }

  private insert(high: number, low: number): boolean {
    const at = this.find(high, low);
    if (this.slots[at] !== 0) return false;
    this.slots[at] = high;
    this.slots[at + 1] = low;
    return true;
  }

  private grow(): void {
    const before = this.slots;
    this.slots = new Uint32Array(before.length * 2);
    for (let at = 0; at < before.length; at += 2) {
      const high = before[at] ?? 0;
      if (high !== 0) this.insert(high, before[at + 1] ?? 0);
    }
  }
}
