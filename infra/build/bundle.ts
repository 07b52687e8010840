import { fileURLToPath } from 'node:url';
import { type BuildResult, build, type Plugin } from 'esbuild';
import { techniques } from './techniques.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The Lambda functions that are built: name of the folder below `dist/lambda` and entry module. */
export const functions = {
  init: 'lambda/init.ts',
  drain: 'lambda/drain.ts',
  resolve: 'lambda/resolve.ts',
} as const;

export interface BundleOptions {
  readonly without?: readonly string[];
  readonly minify?: boolean;
  readonly plugins?: readonly Plugin[];
}

/** CommonJS libraries call `require` for Node's own modules; an ES module has none. */
const requireBanner = {
  js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
};

/**
 * Builds one function as a self-contained ES module.
 * @param without names of techniques to leave out; the bench measures what each is worth
 * @param minify false keeps names and says where each module begins, for profiles
 * @param plugins before the techniques' own; the bench puts others in the place of packages
 * @returns esbuild's result with its metafile (sizes by input file).
 * @throws where a technique does not apply any more, since a library has changed
 */
export const bundle = async (
  entry: string,
  outfile: string,
  { without = [], minify = true, plugins = [] }: BundleOptions = {},
): Promise<BuildResult<{ metafile: true }>> => {
  const used = techniques.filter(
    ({ name, needs }) => !without.includes(name) && (needs === undefined || !without.includes(needs)),
  );
  return await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    ...(without.includes('builtins-on-demand') ? { banner: requireBanner } : {}),
    ...Object.assign({}, ...used.map(({ options }) => options ?? {})),
    plugins: [...plugins, ...used.flatMap(({ plugin }) => (plugin === undefined ? [] : [plugin()]))],
    legalComments: 'none',
    logLevel: 'warning',
  });
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, entry] of Object.entries(functions)) {
    const outfile = `dist/lambda/${name}/index.mjs`;
    const { metafile } = await bundle(entry, outfile);
    const bytes = metafile.outputs[outfile]?.bytes ?? 0;
    console.log(`${outfile}  ${(bytes / 1000).toFixed(0)} kB`);
  }
  // Here only: whoever imports this file to bundle a function needs no second minifier.
  const { buildClientAlone, buildWebsite } = await import('./website.ts');
  await buildClientAlone();
  for (const { name, bytes, gzipped, integrity } of await buildWebsite()) {
    const [kB, zipped] = [bytes, gzipped].map((size) => (size / 1000).toFixed(1));
    console.log(`dist/website/${name}  ${kB} kB, ${zipped} kB gzipped  integrity="${integrity}"`);
  }
}
