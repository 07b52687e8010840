/** Chance that depends on a seed and a name only, never on what was drawn before: one event less changes no other. */
export interface Chance {
  /** A number in [0, 1) that belongs to this name. */
  of(name: string): number;
  /** A whole number in [0, below). */
  below(name: string, below: number): number;
  pick<T>(name: string, from: readonly T[]): T;
}

/** FNV-1a over the text, mixed as in MurmurHash3: neighbouring names must not get neighbouring numbers. */
const hash = (seed: number, text: string): number => {
  let h = (0x811c9dc5 ^ seed) >>> 0;
  for (let index = 0; index < text.length; index += 1) {
    h = Math.imul(h ^ text.charCodeAt(index), 0x01000193);
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
};

export const createChance = (seed: number): Chance => {
  const mixed = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  const of = (name: string): number => hash(mixed, name) / 2 ** 32;
  return {
    of,
    below: (name, below) => Math.floor(of(name) * below),
    pick: (name, from) => {
      if (from.length === 0) throw new RangeError(`nothing to pick for ${name}`);
      return from[Math.floor(of(name) * from.length)] as (typeof from)[number];
    },
  };
};
