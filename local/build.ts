import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, functions } from '../infra/build/bundle.ts';

export interface Bundles {
  readonly init: string;
  readonly drain: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));

/** Builds one function in its place; whoever reads the file meanwhile gets the old one or the new one, whole. */
const buildOne = async (name: keyof typeof functions): Promise<string> => {
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

/** Builds both functions as they are deployed. @returns the paths of the bundles */
export const buildFunctions = async (): Promise<Bundles> => {
  const [init, drain] = await Promise.all([buildOne('init'), buildOne('drain')]);
  return { init, drain };
};
