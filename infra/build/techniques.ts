import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import type { BuildOptions, Plugin } from 'esbuild';
import { failing, patchFiles, replaceModules } from './stand-ins.ts';

/** One way of making a function small and quick to start; `npm run bench -- --only techniques` measures each. */
export interface Technique {
  readonly name: string;
  /** Why it is safe. */
  readonly why: string;
  /** Another technique without which this one finds nothing to do. */
  readonly needs?: string;
  readonly plugin?: () => Plugin;
  readonly options?: BuildOptions;
}

const axios = /node_modules[\\/]axios[\\/]lib[\\/]/;
const sdkSchemas = /@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/;
const smithy = /node_modules[\\/]@smithy[\\/]/;

/**
 * Node's own modules by `process.getBuiltinModule`, and of their exports only those that are used. An ES import reads
 * every export, and so does esbuild's own wrapper: lazy ones among them load undici, worker threads, parsers.
 * @see https://nodejs.org/api/process.html#processgetbuiltinmoduleid
 */
const builtinsOnDemand = (): Plugin => ({
  name: 'builtins-on-demand',
  setup({ onResolve, onLoad }) {
    const modules = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
    onResolve({ filter: /.*/ }, ({ path, kind }) =>
      modules.has(path)
        ? {
            path: path.replace(/^node:/, ''),
            namespace: kind === 'require-call' ? 'builtin-required' : 'builtin',
            sideEffects: false,
          }
        : undefined,
    );
    // `await import("node:http")` would need the whole namespace.
    onLoad({ filter: /node_modules[\\/]@(smithy|aws)[\\/].*\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll(
        /await import\((["'])(node:\w+)\1\)/g,
        'process.getBuiltinModule("$2")',
      ),
    }));
    onLoad({ filter: /.*/, namespace: 'builtin-required' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("node:${path}");`,
    }));
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => {
      const names = Object.keys(process.getBuiltinModule(`node:${path}`) ?? {}).filter(
        (name) => name !== 'default',
      );
      return {
        contents: [
          `const builtin = /* @__PURE__ */ process.getBuiltinModule("node:${path}");`,
          'export default builtin;',
          'const exported = (name) => builtin[name];',
          ...names.map((name, index) => `const e${index} = /* @__PURE__ */ exported("${name}");`),
          `export { ${names.map((name, index) => `e${index} as ${name}`).join(', ')} };`,
        ].join('\n'),
      };
    });
  },
});

/** The SDK's clients read their version for the User-Agent header and would bring the whole file along. */
const versionOnly = (): Plugin => ({
  name: 'sdk-version-only',
  setup({ onLoad }) {
    onLoad({ filter: /@aws-sdk[\\/]client-[^\\/]+[\\/]package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
});

/** Everything that is done to the bundle beyond bundling and minifying it; the order is that of the plugins. */
export const techniques: readonly Technique[] = [
  {
    name: 'es-modules-first',
    why: 'The ES modules of our libraries can be shaken, their CommonJS ones cannot.',
    options: { mainFields: ['module', 'main'] },
  },
  {
    name: 'no-undici',
    why: 'axios looks at the global FormData, which loads undici; our bodies are text.',
    plugin: () =>
      patchFiles('no-undici', [
        {
          file: /axios[\\/]lib[\\/]utils\.js$/,
          text: /typeof G\.FormData !== 'undefined' \? G\.FormData :/,
          by: '',
        },
      ]),
  },
  {
    name: 'no-web-streams',
    why: 'The SDK asks of each body whether it is a ReadableStream, and the question loads them; ours are text.',
    options: { define: { ReadableStream: 'undefined' } },
  },
  {
    name: 'no-http2',
    why: 'axios and the SDK speak HTTP/1.1 with keep-alive to what we call.',
    plugin: () =>
      replaceModules('no-http2', [
        { module: /^http2$/, from: axios, contents: 'export default {};' },
        { module: /Http2Sessions\.js$/, from: axios, contents: 'export default class {}' },
      ]),
  },
  {
    name: 'no-zlib',
    why: 'We ask Genesys for `identity` and axios not to decompress; nothing of AWS that we call compresses.',
    plugin: () =>
      replaceModules('no-zlib', [
        { module: /^zlib$/, from: axios, contents: 'export default { constants: {} };' },
        { module: /ZlibHeaderTransformStream\.js$/, from: axios, contents: failing('default') },
      ]),
  },
  {
    name: 'axios-reduced',
    why: 'Bodies are text, answers are small, redirects are refused, there is no proxy and no browser.',
    plugin: () =>
      replaceModules('axios-reduced', [
        { module: /^form-data$/, contents: failing('default') },
        { module: /^proxy-from-env$/, contents: failing('getProxyForUrl') },
        { module: /^https-proxy-agent$/, contents: failing('default') },
        // With maxRedirects 0 the adapter uses node:http itself.
        { module: /^follow-redirects$/, contents: 'export default {};' },
        {
          module: /\/fetch\.js$/,
          from: axios,
          contents: 'export const getFetch = () => false; export default false;',
        },
        { module: /\/xhr\.js$/, from: axios, contents: 'export default false;' },
        { module: /\/shouldBypassProxy\.js$/, from: axios, contents: failing('default') },
        { module: /\/fromDataURI\.js$/, from: axios, contents: failing('default') },
        { module: /\/formDataToStream\.js$/, from: axios, contents: failing('default') },
        { module: /\/formDataToJSON\.js$/, from: axios, contents: failing('default') },
        { module: /\/readBlob\.js$/, from: axios, contents: failing('default') },
        { module: /\/AxiosTransformStream\.js$/, from: axios, contents: failing('default') },
        {
          module: /\/estimateDataURLDecodedBytes\.js$/,
          from: axios,
          contents: failing('default', 'estimateDataURLBufferAllocation'),
        },
        {
          module: /\/toFormData\.js$/,
          from: axios,
          contents: `${failing('default')} export const DEFAULT_FORM_DATA_MAX_DEPTH = 100;`,
        },
      ]),
  },
  {
    name: 'environment-credentials',
    why: 'Lambda provides credentials in the environment; the chain of other places is never walked.',
    plugin: () =>
      replaceModules('environment-credentials', [
        {
          module: /^@aws-sdk\/credential-provider-node$/,
          contents:
            "import { fromEnv } from '@aws-sdk/credential-provider-env'; export const defaultProvider = (init) => fromEnv(init);",
        },
      ]),
  },
  {
    name: 'no-ini-files',
    why: 'There are no ~/.aws files in Lambda; the environment configures the SDK.',
    plugin: () =>
      replaceModules('no-ini-files', [
        {
          module: /shared-ini-file-loader\/loadSharedConfigFiles$/,
          from: smithy,
          contents:
            "export const CONFIG_PREFIX_SEPARATOR = '.'; export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });",
        },
      ]),
  },
  {
    name: 'no-file-bodies',
    why: 'The SDK asks of each body whether it is a file being read, and the question loads file streams; ours are text.',
    plugin: () =>
      replaceModules('no-file-bodies', [
        {
          module: /^node:fs$/,
          from: /util-body-length/,
          contents: `${failing('fstatSync', 'lstatSync')} export class ReadStream {}`,
        },
      ]),
  },
  {
    name: 'sdk-reduced',
    why: 'Endpoint discovery is off for DynamoDB, and none of our operations streams events.',
    plugin: () =>
      replaceModules('sdk-reduced', [
        { module: /^@aws-sdk\/endpoint-cache$/, contents: 'export class EndpointCache {}' },
        {
          module: /^@smithy\/core\/event-streams$/,
          contents: 'export class EventStreamSerde {} export const eventStreamSerdeProvider = undefined;',
        },
      ]),
  },
  {
    name: 'sdk-schemas-shaken',
    needs: 'es-modules-first',
    why: 'Schemas that no operation of ours refers to; errors of AWS we tell by their name, and one carries an item.',
    plugin: () =>
      patchFiles('sdk-schemas-shaken', [
        {
          file: sdkSchemas,
          text: /^n0_registry\.registerError\((?!ConditionalCheckFailedException)\w+\$, \w+\);$/gm,
          by: '',
        },
        // A computed key may have side effects, for all that a bundler knows: written out, it has none.
        {
          file: sdkSchemas,
          text: /\[(_\w+)\]:/g,
          by: ([, constant], source) =>
            `${new RegExp(`^const ${constant} = (".*");$`, 'm').exec(source)?.[1] ?? `[${constant}]`}:`,
        },
      ]),
  },
  {
    name: 'native-hashes',
    why: 'Node.js has SHA-256 and MD5 of its own; the SDK brings both in JavaScript for where it has not.',
    plugin: () =>
      replaceModules('native-hashes', [
        { module: /^\.\/Sha256Js$/, from: smithy, contents: failing('Sha256Js') },
        { module: /^\.\/Md5Js$/, from: smithy, contents: failing('Md5Js') },
      ]),
  },
  { name: 'sdk-version-only', why: 'Nothing else of package.json is read.', plugin: versionOnly },
  {
    name: 'builtins-on-demand',
    why: 'The same modules, without the getters of exports that nobody uses.',
    plugin: builtinsOnDemand,
  },
];
