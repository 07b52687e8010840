import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { buildPage, contentTypes } from './build-page.ts';
import type { DemoVisitor } from './demo-visitors.ts';
import type { Asset } from './gateway.ts';

const openApiFile = new URL('../docs/api/openapi.json', import.meta.url);
const swaggerFolder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

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
      { contentType: contentTypes.json, body: JSON.stringify({ ...JSON.parse(openApi), servers }) },
    ],
    ['/docs', { contentType: contentTypes.html, body: docsHtml, headers: docsHeaders }],
    ['/docs/start.js', { contentType: contentTypes.script, body: docsScript }],
    ['/docs/swagger-ui-bundle.js', { contentType: contentTypes.script, body: bundle }],
    ['/docs/swagger-ui.css', { contentType: contentTypes.style, body: css }],
  ];
};

/** The files of the page, built in memory, and the API's description. */
export const pageAssets = async (visitors: readonly DemoVisitor[]): Promise<ReadonlyMap<string, Asset>> => {
  const [{ html, script, style }, docs] = await Promise.all([buildPage('page'), apiDocs()]);
  return new Map<string, Asset>([
    ['/', html],
    ['/page.js', script],
    ['/style.css', style],
    ['/demo-visitors.json', { contentType: contentTypes.json, body: JSON.stringify(visitors) }],
    ...docs,
  ]);
};
