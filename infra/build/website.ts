import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { minify } from '@swc/core';
import { type BuildOptions, build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = `${root}website/client/`;
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/** What npm sees of the folder. */
const manifest = {
  name: 'guest-profiles-client',
  version,
  description: 'Guest profiles for Genesys Cloud Web Messaging: the client for websites',
  license: 'UNLICENSED',
  type: 'module',
  sideEffects: false,
  exports: {
    '.': { types: './guest-profiles.d.ts', default: './guest-profiles.mjs' },
    './guest-profiles.js': './guest-profiles.js',
    './package.json': './package.json',
  },
  types: './guest-profiles.d.ts',
  unpkg: './guest-profiles.js',
  jsdelivr: './guest-profiles.js',
  files: ['guest-profiles.*'],
};

export interface BuiltFile {
  readonly name: string;
  readonly bytes: number;
  readonly gzipped: number;
  /** For the `integrity` attribute. */
  readonly integrity: string;
}

/** Bundles with esbuild and minifies once more with swc, which saves the last 4 %. */
const buildScript = async (name: string, folder: string, options: BuildOptions): Promise<BuiltFile> => {
  const { outputFiles } = await build({
    absWorkingDir: root,
    bundle: true,
    minify: true,
    write: false,
    // Never written: where it would lie decides how the source map names its sources.
    outfile: `${root}dist/website/${name}`,
    sourcemap: 'external',
    target: 'es2022',
    logLevel: 'warning',
    ...options,
  });
  const text = (suffix: string): string => outputFiles?.find(({ path }) => path.endsWith(suffix))?.text ?? '';
  const module = options.format === 'esm';
  const { code, map } = await minify(text(name), {
    module,
    compress: { ecma: 2020, module, toplevel: module, passes: 3 },
    mangle: { toplevel: module },
    ...(options.sourcemap === false ? {} : { sourceMap: { filename: name, content: text('.map') } as never }),
    inlineSourcesContent: true,
  });
  const contents = options.sourcemap === false ? code : `${code}\n//# sourceMappingURL=${name}.map\n`;
  writeFileSync(`${folder}${name}`, contents);
  if (map) writeFileSync(`${folder}${name}.map`, map);
  return {
    name,
    bytes: contents.length,
    gzipped: gzipSync(contents, { level: 9 }).length,
    integrity: `sha384-${createHash('sha384').update(contents).digest('base64')}`,
  };
};

/** Builds the package for websites: ES module, classic script (`window.GuestProfiles`), types, maps, manifest. */
export const buildWebsite = async (folder = `${root}dist/website/`): Promise<readonly BuiltFile[]> => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const built = await Promise.all([
    buildScript('guest-profiles.mjs', folder, { entryPoints: [`${source}entry.ts`], format: 'esm' }),
    buildScript('guest-profiles.js', folder, { entryPoints: [`${source}classic.ts`], format: 'iife' }),
  ]);
  const types = readFileSync(`${source}guest-profiles.d.ts`, 'utf8');
  writeFileSync(`${folder}guest-profiles.d.ts`, types.replace(/^.*biome-ignore.*\n/gm, ''));
  copyFileSync(`${source}README.md`, `${folder}README.md`);
  writeFileSync(`${folder}package.json`, `${JSON.stringify(manifest, null, 2)}\n`);
  return built;
};

/** The client without its bridges, to be weighed: a bundler leaves out what a website does not import. */
export const buildClientAlone = async (folder = `${root}dist/weighed/`): Promise<BuiltFile> => {
  mkdirSync(folder, { recursive: true });
  return await buildScript('guest-client.mjs', folder, {
    stdin: {
      contents: "export { createGuestClient, GuestError } from './entry.ts';",
      resolveDir: source,
    },
    format: 'esm',
    sourcemap: false,
  });
};
