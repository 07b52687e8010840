import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Endpoints } from './function-environment.ts';

/** What other tools read to find the running stack (`npm run crm -- … --env local`, preflight, smoke). */
export interface StackFile {
  readonly pid: number;
  readonly url: string;
  readonly apiUrl: string;
  readonly provider: string;
  readonly region: string;
  readonly endpoints: Endpoints;
  readonly tables: { readonly crm: string; readonly guests: string };
  readonly secretId: string;
  readonly queueUrl: string;
  readonly externalSourceId: string;
}

export const defaultStackFile = fileURLToPath(new URL('../.local/stack.json', import.meta.url));

/** Writes the file. @returns removes it again, unless another stack has taken its place */
export const writeStackFile = (path: string, stack: StackFile): (() => void) => {
  mkdirSync(dirname(path), { recursive: true });
  const text = `${JSON.stringify(stack, undefined, 2)}\n`;
  writeFileSync(path, text);
  return () => {
    try {
      if (readFileSync(path, 'utf8') === text) rmSync(path);
    } catch {
      // It is gone already.
    }
  };
};
