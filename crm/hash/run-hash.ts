import { once } from 'node:events';
import { hashSession } from '../../lambda/guest/session-hash.ts';
import { sessionIdFault } from '../customers/record-check.ts';
import { LineSplitter } from '../input/line-splitter.ts';
import { openText } from '../input/text-source.ts';
import { readHashKeys } from '../store/hash-keys.ts';
import { resolveTarget } from '../store/resolve-target.ts';
import type { TargetOptions } from '../store/target.ts';
import type { Context } from '../store/target-options.ts';
import { counted, note } from '../terminal/terminal.ts';

export interface HashOptions extends TargetOptions {
  readonly encoding?: string;
}

const secretOnly = ({ secretId, region, profile }: TargetOptions) => ({
  secretId,
  aws: { ...(region !== undefined && { region }), ...(profile !== undefined && { profile }), endpoints: {} },
});

/** Runs `hash`. */
export const runHash = async (options: HashOptions, context: Context): Promise<void> => {
  const { terminal, environment, folder } = context;
  const target = await resolveTarget(options, environment, folder);
  // A secret is enough: hashes need no table.
  const keys = await readHashKeys(target ?? secretOnly(options));
  const source = await openText('-', options.encoding, terminal.in);
  const splitter = new LineSplitter();
  let refused = 0;
  const hashAll = async (lines: readonly string[]): Promise<void> => {
    const text = lines.map((line) => {
      if (sessionIdFault(line) === undefined) return `${hashSession(line, keys)[0]}\n`;
      refused += 1;
      return '\n';
    });
    if (!terminal.out.write(text.join(''))) await once(terminal.out, 'drain');
  };
  for await (const block of source.blocks) await hashAll(splitter.push(block));
  await hashAll(splitter.end());
  if (refused > 0) {
    note(
      terminal,
      `${counted(refused, 'line')} cannot be a session id: empty, too long, or with control characters.`,
    );
    context.end(1);
  }
};
