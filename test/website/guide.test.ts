import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildWebsite } from '../../infra/build/website.ts';
import { problemCodes } from '../../lambda/contract.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const guide = readFileSync(`${root}docs/website.md`, 'utf8');
const types = readFileSync(`${root}website/client/guest-profiles.d.ts`, 'utf8');

const snippets = [...guide.matchAll(/^```(tsx?)\n([\s\S]*?)^```/gm)].map(([, language = '', code = '']) => ({
  language,
  code,
}));

/** The codes that the types name, those of the API among them. */
const codes = [
  ...(types.split('export type GuestErrorCode =')[1]?.split(';\n')[0] ?? '').matchAll(/'(\w+)'/g),
].map(([, code = '']) => code);

describe('the guide for websites', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'guide-'));
    const modules = join(folder, 'node_modules');
    mkdirSync(join(modules, '@types'), { recursive: true });
    await buildWebsite(`${modules}/guest-profiles-client/`);
    for (const name of ['vue', '@types/react', 'csstype', '@vue']) {
      symlinkSync(`${root}node_modules/${name}`, join(modules, name));
    }
    for (const [index, { language, code }] of snippets.entries()) {
      writeFileSync(join(folder, `snippet-${index}.${language}`), code);
    }
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          target: 'es2022',
          module: 'esnext',
          moduleResolution: 'bundler',
          moduleDetection: 'force',
          jsx: 'react-jsx',
          lib: ['es2022', 'dom', 'dom.iterable'],
          types: ['react'],
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
        },
        include: ['snippet-*'],
      }),
    );
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has snippets that compile, strictly, against the built package', async () => {
    expect(snippets.length).toBeGreaterThanOrEqual(7);
    const compiling = promisify(execFile)(`${root}node_modules/.bin/tsc`, ['-p', folder], { cwd: folder });
    const faults = await compiling.then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    );
    expect(faults).toBe('');
  }, 60_000);

  it('would notice a snippet that does not compile', async () => {
    writeFileSync(
      join(folder, 'snippet-wrong.ts'),
      "import { createGuestClient } from 'guest-profiles-client';\ncreateGuestClient({ endpiont: '' });\n",
    );
    const compiling = promisify(execFile)(`${root}node_modules/.bin/tsc`, ['-p', folder], { cwd: folder });
    await expect(compiling).rejects.toMatchObject({ stdout: expect.stringContaining('endpiont') });
    rmSync(join(folder, 'snippet-wrong.ts'));
  }, 60_000);

  it('has a quick start of ten lines at most', () => {
    expect(snippets[0]?.code.trim().split('\n').length).toBeLessThanOrEqual(10);
  });

  it('names only codes that exist, and the types name all of the API', () => {
    const table = guide.split('## What to show')[1]?.split('\n## ')[0] ?? '';
    const named = table
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .slice(1)
      .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, code = '']) => code));
    expect(named.length).toBeGreaterThan(10);
    for (const code of named) expect(codes).toContain(code);
    for (const code of problemCodes) expect(codes).toContain(code);
  });
});
