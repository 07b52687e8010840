import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { DemoVisitor } from './demo-visitors.ts';
import type { Asset } from './gateway.ts';

const folder = fileURLToPath(new URL('../website/page/', import.meta.url));
const openApiFile = new URL('../docs/api/openapi.json', import.meta.url);
const swaggerFolder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const html = 'text/html; charset=utf-8';
const script = 'text/javascript; charset=utf-8';
const style = 'text/css; charset=utf-8';

const docsHtml = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>API of guest profiles</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <script src="/docs/swagger-ui-bundle.js" defer></script>
    <script src="/docs/start.js" defer></script>
  </head>
  <body><main id="api"></main></body>
</html>
`;
const docsScript = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#api', deepLinking: true, validatorUrl: null });\n`;

/** Swagger UI sets styles from its script. Nothing may be loaded from elsewhere all the same. */
const docsHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** The API's description and its page; requests of the page go to this very stack. */
const apiDocs = async (): Promise<readonly (readonly [string, Asset])[]> => {
  const [openApi, bundle, css] = await Promise.all([
    readFile(openApiFile, 'utf8'),
    readFile(`${swaggerFolder}/swagger-ui-bundle.js`),
    readFile(`${swaggerFolder}/swagger-ui.css`),
  ]);
  const servers = [{ url: '/', description: 'This local stack' }];
  return [
    [
      '/openapi.json',
      { contentType: 'application/json', body: JSON.stringify({ ...JSON.parse(openApi), servers }) },
    ],
    ['/docs', { contentType: html, body: docsHtml, headers: docsHeaders }],
    ['/docs/start.js', { contentType: script, body: docsScript }],
    ['/docs/swagger-ui-bundle.js', { contentType: script, body: bundle }],
    ['/docs/swagger-ui.css', { contentType: style, body: css }],
  ];
};

/** The files of the page, built in memory, and the API's description. */
export const pageAssets = async (visitors: readonly DemoVisitor[]): Promise<ReadonlyMap<string, Asset>> => {
  const [page, docs, { outputFiles }] = await Promise.all([
    readFile(`${folder}index.html`, 'utf8'),
    apiDocs(),
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
    ['/', { contentType: html, body: page }],
    ['/page.js', { contentType: script, body: built('page.js') }],
    ['/style.css', { contentType: style, body: built('style.css') }],
    ['/demo-visitors.json', { contentType: 'application/json', body: JSON.stringify(visitors) }],
    ...docs,
  ]);
};
