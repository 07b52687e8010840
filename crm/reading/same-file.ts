import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { UserError } from '../terminal/problem.ts';

/** What a path stands for: device and inode, whatever its name, or the real place of a file that is not there yet. */
const identityOf = (path: string): string => {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found !== undefined) return `${found.dev}:${found.ino}`;
  const folder = dirname(resolve(path));
  try {
    return `${realpathSync(folder)}/${basename(path)}`;
  } catch {
    return resolve(path);
  }
};

/**
 * Makes sure that no two of a command's files are one and the same: writing one would destroy the other.
 * @param files option or argument, and the path; `-` is the standard input
 * @throws UserError naming both
 */
export const refuseSameFiles = (
  files: readonly (readonly [what: string, path: string | undefined])[],
): void => {
  const seen = new Map<string, string>();
  for (const [what, path] of files) {
    if (path === undefined || path === '-') continue;
    const identity = identityOf(path);
    const other = seen.get(identity);
    if (other !== undefined) throw new UserError(`${other} and ${what} are the same file: name another one.`);
    seen.set(identity, `${what} ${path}`);
  }
};
