import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** A module of a library that this service never reaches, and what is bundled in its place. */
export interface StandIn {
  /** As it is imported. */
  readonly module: RegExp;
  /** Files that import it; all without it. */
  readonly from?: RegExp;
  readonly contents: string;
}

/** A change to the text of one file of a library. */
export interface Patch {
  readonly file: RegExp;
  /** Must occur in the file. */
  readonly text: string | RegExp;
  /** What takes its place, perhaps by what was found and the whole text. */
  readonly by: string | ((found: readonly string[], source: string) => string);
}

/** Source of a module whose exports fail as soon as one is called or constructed: what was wrongly left out is loud. */
export const failing = (...names: readonly string[]): string =>
  [
    'const leftOut = function () { throw new Error("left out of the bundle: see infra/build/techniques.ts"); };',
    ...names.map((name) => `export ${name === 'default' ? 'default leftOut' : `const ${name} = leftOut`};`),
  ].join('\n');

/**
 * Bundles stand-ins for whole modules. The build fails when one is not imported any more: a library has changed.
 */
export const replaceModules = (name: string, standIns: readonly StandIn[]): Plugin => ({
  name,
  setup({ onResolve, onLoad, onEnd }) {
    const unused = new Set(standIns);
    onResolve({ filter: /.*/ }, ({ path, importer, resolveDir }) => {
      const index = standIns.findIndex(
        ({ module, from }) => module.test(path) && (from === undefined || from.test(importer)),
      );
      const standIn = standIns[index];
      if (standIn === undefined) return undefined;
      unused.delete(standIn);
      return { path: String(index), namespace: name, pluginData: { resolveDir }, sideEffects: false };
    });
    onLoad({ filter: /.*/, namespace: name }, ({ path, pluginData }) => ({
      contents: standIns[Number(path)]?.contents ?? '',
      loader: 'js',
      resolveDir: pluginData.resolveDir,
    }));
    onEnd(() => ({
      errors: [...unused].map(({ module, from }) => ({
        text: `${name}: nothing imports ${module} ${from === undefined ? '' : `from ${from} `}any more; see what took its place`,
      })),
    }));
  },
});

/** Changes files of libraries. The build fails when a text or its file is not there any more. */
export const patchFiles = (name: string, patches: readonly Patch[]): Plugin => ({
  name,
  setup({ onLoad, onEnd }) {
    const unused = new Set(patches);
    const files = new RegExp(patches.map(({ file }) => file.source).join('|'));
    onLoad({ filter: files }, async ({ path }) => {
      let contents = await readFile(path, 'utf8');
      for (const patch of patches.filter(({ file }) => file.test(path))) {
        const { text, by } = patch;
        const before = contents;
        contents = before.replace(text, (...found) =>
          typeof by === 'string' ? by : by(found.slice(0, -2), before),
        );
        if (contents !== before) unused.delete(patch);
      }
      return { contents, loader: 'js' };
    });
    onEnd(() => ({
      errors: [...unused].map(({ file, text }) => ({
        text: `${name}: ${file} holds no ${text} any more; see what took its place`,
      })),
    }));
  },
});
