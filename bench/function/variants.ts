import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { bundle, functions } from '../../infra/build/bundle.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const baselines = `${root}bench/baselines`;

/** What is measured beside each other. */
export const variantNames = ['empty', 'floor', 'stock', 'express', 'unbundled', 'ours'] as const;
export type VariantName = (typeof variantNames)[number];
export const variantTitles: Readonly<Record<VariantName, string>> = {
  empty: 'empty process',
  floor: 'raw floor, same calls',
  stock: 'Middy + SDK + axios + Powertools + zod',
  express: 'Express, serverless-http, bundled',
  unbundled: '… unbundled',
  ours: 'this project',
};

export interface Variants {
  readonly files: Readonly<Record<VariantName, string>>;
  remove(): void;
}

/** How anybody bundles for Lambda who has read the manual of esbuild, and no more. */
const stockBundle = async (entry: string, outfile: string): Promise<void> => {
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
};

/** Builds every variant. The folder lies inside the project: what is unbundled finds `node_modules` above it. */
export const buildVariants = async (): Promise<Variants> => {
  const folder = `${root}dist/bench-${process.pid}`;
  mkdirSync(folder, { recursive: true });
  const files = {
    empty: `${baselines}/empty.mjs`,
    floor: `${folder}/floor.mjs`,
    stock: `${folder}/stock.mjs`,
    express: `${folder}/express.mjs`,
    unbundled: `${folder}/unbundled.mjs`,
    ours: `${folder}/init/index.mjs`,
  };
  await Promise.all([
    stockBundle(`${baselines}/floor.ts`, files.floor),
    stockBundle(`${baselines}/stock.ts`, files.stock),
    stockBundle(`${baselines}/express.ts`, files.express),
    build({
      entryPoints: [`${baselines}/express.ts`],
      outfile: files.unbundled,
      format: 'esm',
      platform: 'node',
      logLevel: 'error',
    }),
    bundle(functions.init, files.ours),
  ]);
  return { files, remove: () => rmSync(folder, { recursive: true, force: true }) };
};

/** Size of a file in kB: minified, and as gzip packs it. */
export const sizeOf = (file: string): { readonly kB: number; readonly gzipKB: number } => {
  const bytes = readFileSync(file);
  return { kB: bytes.length / 1000, gzipKB: gzipSync(bytes, { level: 9 }).length / 1000 };
};
