import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { DemoVisitor } from './demo-visitors.ts';
import type { Asset } from './gateway.ts';

const folder = fileURLToPath(new URL('../website/', import.meta.url));

/** The files of the page, built in memory. */
export const pageAssets = async (visitors: readonly DemoVisitor[]): Promise<ReadonlyMap<string, Asset>> => {
  const [html, { outputFiles }] = await Promise.all([
    readFile(`${folder}index.html`, 'utf8'),
    build({
      entryPoints: { page: `${folder}page.ts`, style: `${folder}style.css` },
      outdir: folder,
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      logLevel: 'warning',
    }),
  ]);
  const built = (name: string) => outputFiles.find(({ path }) => path.endsWith(name))?.contents ?? '';
  return new Map<string, Asset>([
    ['/', { contentType: 'text/html; charset=utf-8', body: html }],
    ['/page.js', { contentType: 'text/javascript; charset=utf-8', body: built('page.js') }],
    ['/style.css', { contentType: 'text/css; charset=utf-8', body: built('style.css') }],
    ['/demo-visitors.json', { contentType: 'application/json', body: JSON.stringify(visitors) }],
  ]);
};
