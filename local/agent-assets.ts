import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Asset } from './gateway.ts';

const folder = fileURLToPath(new URL('../website/agent/', import.meta.url));

/** The files of the agent desktop, built in memory. */
export const agentAssets = async (): Promise<ReadonlyMap<string, Asset>> => {
  const [html, { outputFiles }] = await Promise.all([
    readFile(`${folder}index.html`, 'utf8'),
    build({
      entryPoints: { agent: `${folder}agent.ts`, style: `${folder}style.css` },
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
    ['/agent', { contentType: 'text/html; charset=utf-8', body: html }],
    ['/agent.js', { contentType: 'text/javascript; charset=utf-8', body: built('agent.js') }],
    ['/agent.css', { contentType: 'text/css; charset=utf-8', body: built('style.css') }],
  ]);
};
