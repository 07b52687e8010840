import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, functions } from '../infra/build/bundle.ts';

export type FunctionName = keyof typeof functions;
/** Paths of the built functions. */
export type Bundles = Readonly<Record<FunctionName, string>>;

const root = fileURLToPath(new URL('..', import.meta.url));

/** Builds one function in its place; whoever reads the file meanwhile gets the old one or the new one, whole. */
const buildOne = async (name: FunctionName): Promise<string> => {
  const finished = `${root}dist/lambda/${name}/index.mjs`;
  const unfinished = `${root}dist/unfinished/${name}.${process.pid}.mjs`;
  try {
    await bundle(functions[name], unfinished);
    mkdirSync(dirname(finished), { recursive: true });
    renameSync(unfinished, finished);
  } finally {
    rmSync(unfinished, { force: true });
  }
  return finished;
};

/** Builds all functions as they are deployed. @returns the paths of the bundles */
export const buildFunctions = async (): Promise<Bundles> => {
  const names = Object.keys(functions) as FunctionName[];
  const built = await Promise.all(names.map(async (name) => [name, await buildOne(name)] as const));
  return Object.fromEntries(built) as Bundles;
};
