import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packageSizes } from '../../bench/function/package-sizes.ts';
import { bundle, functions } from '../../infra/build/bundle.ts';
import { overBudget } from './bundle-budget.ts';

const run = promisify(execFile);
const folder = mkdtempSync(`${tmpdir()}/bundles-`);
const names = Object.keys(functions) as (keyof typeof functions)[];
const sizes = new Map<string, ReadonlyMap<string, number>>();
const fileOf = (name: string): string => `${folder}/${name}.mjs`;

beforeAll(async () => {
  for (const name of names) {
    const { metafile } = await bundle(functions[name], fileOf(name));
    sizes.set(name, packageSizes(metafile));
  }
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** Node's own modules that a start of the function loads. Nothing listens where it is sent. */
const loadedBy = async (file: string): Promise<readonly string[]> => {
  const script = `await import(${JSON.stringify(file)}); require('node:fs').writeSync(2, '\\n' + JSON.stringify(process.moduleLoadList)); process.exit(0);`;
  const env = {
    GENESYS_SECRET_ID: 'secret',
    CRM_TABLE_NAME: 'crm',
    GUEST_TABLE_NAME: 'guests',
    ALLOWED_ORIGINS: '*',
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: 'http://127.0.0.1:9',
    AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9',
    AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9',
  };
  const { stderr } = await run(
    process.execPath,
    ['--input-type=commonjs', '-e', `(async () => { ${script} })()`],
    {
      env,
    },
  );
  // Before it the function has said that its secret cannot be read.
  return (JSON.parse(stderr.slice(stderr.lastIndexOf('\n[') + 1)) as string[]).map((entry) =>
    entry.replace(/^NativeModule /, ''),
  );
};

describe('The built functions', () => {
  it.each(names)('%s: no package takes more than its budget', (name) => {
    expect(overBudget(sizes.get(name) ?? new Map())).toEqual([]);
  });

  it('the API function is at most 385 kB, 129 kB packed', () => {
    const bytes = readFileSync(fileOf('init'));
    expect(bytes.length / 1000).toBeLessThanOrEqual(385);
    expect(gzipSync(bytes, { level: 9 }).length / 1000).toBeLessThanOrEqual(129);
  });

  it.each(names)(
    '%s: a start loads no HTTP client of Node beside node:http, no HTTP/2, compression, file or stream API',
    async (name) => {
      const unwanted = [
        'internal/deps/undici/undici',
        'internal/http2/core',
        'zlib',
        'internal/fs/promises',
        'internal/fs/streams',
        'internal/webstreams/readablestream',
        'worker_threads',
        'internal/util/parse_args/parse_args',
      ];
      const loaded = await loadedBy(fileOf(name));
      expect(loaded).toContain('http');
      expect(unwanted.filter((module) => loaded.includes(module))).toEqual([]);
    },
    60_000,
  );
});

describe('A budget', () => {
  it('names the package that has grown', () => {
    const grown = new Map([
      ['axios', 200_000],
      ['valibot', 1000],
    ]);
    expect(overBudget(grown)).toEqual(['axios takes 200.0 kB of at most 57 kB']);
  });

  it('holds for a package that nobody has named, too', () => {
    expect(overBudget(new Map([['left-pad', 2500]]))).toEqual(['left-pad takes 2.5 kB of at most 2 kB']);
  });
});
