import type { Metafile } from 'esbuild';

/** Name of the package that an input file of a bundle belongs to; our own rooms by their folder. */
export const packageOf = (file: string): string => {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
  if (name !== undefined) return name;
  const [, room] = /^(lambda(?:\/[a-z-]+)?)\//.exec(file) ?? [];
  return room ?? 'stand-ins and built-ins';
};

/** Bytes in the bundle by package, largest first. */
export const packageSizes = ({ outputs }: Metafile): ReadonlyMap<string, number> => {
  const sizes = new Map<string, number>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const name = packageOf(file);
      sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
    }
  }
  return new Map([...sizes].toSorted(([, a], [, b]) => b - a));
};
