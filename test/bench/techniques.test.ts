import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { build, type Plugin } from 'esbuild';
import { failing, patchFiles, replaceModules } from '../../infra/build/stand-ins.ts';
import { techniques } from '../../infra/build/techniques.ts';

const folder = mkdtempSync(`${tmpdir()}/techniques-`);
const library = /library\.mjs$/;

beforeAll(() => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/library.mjs`, 'export const looked = typeof globalThis.FormData;');
  writeFileSync(`${folder}/entry.mjs`, "import { looked } from './library.mjs'; export const seen = looked;");
});
afterAll(() => rmSync(folder, { recursive: true }));

const built = async (plugin: Plugin): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [`${folder}/entry.mjs`],
    bundle: true,
    write: false,
    format: 'esm',
    plugins: [plugin],
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
};

describe('A patch of a library', () => {
  it('changes the text that it names', async () => {
    const text = await built(
      patchFiles('patch', [{ file: library, text: 'typeof globalThis.FormData', by: '"nothing"' }]),
    );
    expect(text).toContain('"nothing"');
    expect(text).not.toContain('FormData');
  });

  it('may depend on what was found, and on the rest of the file', async () => {
    const text = await built(
      patchFiles('patch', [
        {
          file: library,
          text: /globalThis\.(\w+)/,
          by: ([, name], source) => `"${name} in ${source.length}"`,
        },
        { file: library, text: 'typeof ', by: '' },
      ]),
    );
    expect(text).toContain('looked = "FormData in 49"');
  });

  it('fails the build when the library does not hold the text any more', async () => {
    const plugin = patchFiles('patch', [{ file: library, text: 'typeof G.FormData', by: '' }]);
    await expect(built(plugin)).rejects.toThrow(/patch: .*library.* holds no typeof G\.FormData any more/);
  });

  it('fails the build when the file is not bundled any more', async () => {
    const plugin = patchFiles('patch', [{ file: /gone\.mjs$/, text: 'x', by: '' }]);
    await expect(built(plugin)).rejects.toThrow(/patch: .*gone.* holds no x any more/);
  });
});

describe('A stand-in for a module', () => {
  it('fails the build when nothing imports the module any more', async () => {
    const plugin = replaceModules('stand-in', [{ module: /^form-data$/, contents: failing('default') }]);
    await expect(built(plugin)).rejects.toThrow(/stand-in: nothing imports .*form-data.* any more/);
  });

  it('is loud when it is reached after all', async () => {
    const plugin = replaceModules('stand-in', [{ module: library, contents: failing('looked') }]);
    const text = await built(plugin);
    const { seen } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
    expect(seen).toThrow(/left out of the bundle/);
  });
});

describe('The techniques of the bundler', () => {
  it('each has a name of its own and says why it is safe', () => {
    expect(new Set(techniques.map(({ name }) => name)).size).toBe(techniques.length);
    for (const { why } of techniques) expect(why).toMatch(/^\w.+\w\.$/s);
  });
});
