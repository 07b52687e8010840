import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type BuildResult, build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The Lambda functions that are built: name of the folder below `dist/lambda` and entry module. */
export const functions = {
  init: 'lambda/init.ts',
  drain: 'lambda/drain.ts',
  resolve: 'lambda/resolve.ts',
} as const;

/**
 * Node's built-in modules by `process.getBuiltinModule`: an ES import of `node:http` reads every export,
 * among them the lazy `WebSocket`, which loads all of undici at each cold start.
 * @see https://nodejs.org/api/process.html#processgetbuiltinmoduleid
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    const names = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
    onResolve({ filter: /.*/ }, ({ path }) =>
      names.has(path) ? { path: path.replace(/^node:/, ''), namespace: 'builtin' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(`node:${path}`)});`,
      loader: 'js',
    }));
  },
};

/**
 * Parts of our libraries that this service never reaches, each with what stands in for it.
 * A part that turns out to be reached fails loudly: the whole-request tests run through the bundle.
 */
const unreached: readonly { match: RegExp; from?: RegExp; contents: string; why: string }[] = [
  {
    match: /^form-data$/,
    contents: 'export default class FormData {}',
    why: 'axios: bodies are JSON or URL-encoded',
  },
  { match: /^proxy-from-env$/, contents: 'export const getProxyForUrl = () => "";', why: 'axios: no proxy' },
  { match: /^https-proxy-agent$/, contents: 'export default class {}', why: 'axios: no proxy' },
  {
    match: /^follow-redirects$/,
    contents: 'export default {};',
    why: 'axios: maxRedirects is 0, it then uses node:http itself',
  },
  {
    match: /\/fetch\.js$/,
    from: /axios\/lib\/adapters/,
    contents: 'export const getFetch = () => false; export default false;',
    why: 'axios: the http adapter is chosen',
  },
  {
    match: /\/xhr\.js$/,
    from: /axios\/lib\/adapters/,
    contents: 'export default false;',
    why: 'axios: not a browser',
  },
  {
    match: /Http2Sessions\.js$/,
    from: /axios\/lib/,
    contents: 'export default class {}',
    why: 'axios: HTTP/1.1 with keep-alive',
  },
  {
    match: /^@aws-sdk\/credential-provider-node$/,
    contents:
      "import { fromEnv } from '@aws-sdk/credential-provider-env'; export const defaultProvider = (init) => fromEnv(init);",
    why: 'AWS SDK: Lambda provides credentials in the environment',
  },
  {
    match: /^@aws-sdk\/endpoint-cache$/,
    contents: 'export class EndpointCache {}',
    why: 'AWS SDK: endpoint discovery is off for DynamoDB in the one region we call',
  },
  {
    match: /^@smithy\/core\/event-streams$/,
    contents: 'export class EventStreamSerde {} export const eventStreamSerdeProvider = undefined;',
    why: 'AWS SDK: none of our operations streams events',
  },
];

const leaveOut: Plugin = {
  name: 'leave-out',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /.*/ }, ({ path, importer, resolveDir }) => {
      const index = unreached.findIndex(
        ({ match, from }) => match.test(path) && (from === undefined || from.test(importer)),
      );
      return index < 0
        ? undefined
        : { path: String(index), namespace: 'unreached', pluginData: { resolveDir } };
    });
    // The SDK's clients read their version for the User-Agent header and would bring the whole file along.
    onLoad({ filter: /@aws-sdk[\\/]client-[^\\/]+[\\/]package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, 'utf8'));
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
    onLoad({ filter: /.*/, namespace: 'unreached' }, ({ path, pluginData }) => ({
      contents: unreached[Number(path)]?.contents ?? '',
      loader: 'js',
      resolveDir: pluginData.resolveDir,
    }));
  },
};

/** CommonJS libraries call `require` for Node's own modules; an ES module has none. */
const requireBanner = {
  js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
};

/**
 * Builds one function as a self-contained ES module.
 * @param tuned false leaves out what makes it small and quick to start; the bench measures what that is worth
 * @returns esbuild's result with its metafile (sizes by input file).
 */
export const bundle = async (
  entry: string,
  outfile: string,
  { tuned = true }: { readonly tuned?: boolean } = {},
): Promise<BuildResult<{ metafile: true }>> =>
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    minify: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // The ES modules of our libraries before their CommonJS ones: they can be shaken.
    ...(tuned
      ? { mainFields: ['module', 'main'], plugins: [lazyBuiltins, leaveOut] }
      : { banner: requireBanner }),
    legalComments: 'none',
    logLevel: 'warning',
  });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, entry] of Object.entries(functions)) {
    const outfile = `dist/lambda/${name}/index.mjs`;
    const { metafile } = await bundle(entry, outfile);
    const bytes = metafile.outputs[outfile]?.bytes ?? 0;
    console.log(`${outfile}  ${(bytes / 1000).toFixed(0)} kB`);
  }
}
