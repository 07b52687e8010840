import { once } from 'node:events';
import type { Command } from 'commander';
import { hashSession } from '../../lambda/guest/session-hash.ts';
import { sessionIdFault } from '../customers/record-check.ts';
import { LineSplitter } from '../input/line-splitter.ts';
import { openText } from '../input/text-source.ts';
import { readHashKeys } from '../target/hash-keys.ts';
import { resolveTarget } from '../target/resolve-target.ts';
import type { TargetOptions } from '../target/target.ts';
import { type Context, withTarget } from '../target/target-options.ts';
import { counted, note } from '../terminal.ts';

const manual = `
Reads one session id a line and writes its hash on the same line of the output, for joins of your own.
A line that cannot be a session id gives an empty line. With --env or --secret-id the hashes are those that
the function of that environment looks up (under its newest key); without, they are unkeyed.

Examples:
  npm run --silent crm -- hash --env prod < ids.txt > hashes.txt
  echo 3f2a1b7c | npm run --silent crm -- hash`;

interface HashOptions extends TargetOptions {
  readonly encoding?: string;
}

export const addHash = (program: Command, context: Context): void => {
  const { terminal, environment, folder } = context;
  const command = program
    .command('hash')
    .summary('hash session ids, for joins of your own')
    .description('Hash session ids: standard input to standard output.')
    .addHelpText('after', manual)
    .option('--encoding <name>', 'of the input (default: UTF-8)')
    .action(async (options: HashOptions) => {
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
    });
  withTarget(command);
};

const secretOnly = ({ secretId, region, profile }: TargetOptions) => ({
  secretId,
  aws: { ...(region !== undefined && { region }), ...(profile !== undefined && { profile }), endpoints: {} },
});
