import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const contentTypes = {
  html: 'text/html; charset=utf-8',
  script: 'text/javascript; charset=utf-8',
  style: 'text/css; charset=utf-8',
  json: 'application/json',
} as const;

/** The files of a page of `website/`, built in memory. */
export const buildPage = async (name: 'agent' | 'page') => {
  const folder = fileURLToPath(new URL(`../website/${name}/`, import.meta.url));
  const [html, { outputFiles }] = await Promise.all([
    readFile(`${folder}index.html`, 'utf8'),
    build({
      entryPoints: [`${folder}${name}.ts`, `${folder}style.css`],
      outdir: folder,
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      logLevel: 'warning',
    }),
  ]);
  const built = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.contents ?? '';
  return {
    html: { contentType: contentTypes.html, body: html },
    script: { contentType: contentTypes.script, body: built('.js') },
    style: { contentType: contentTypes.style, body: built('.css') },
  };
};
