import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import xterm from '@xterm/headless';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const word = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * Runs the tool on a real pseudo-terminal (`script` of util-linux or BSD) and draws what it prints as a terminal does.
 * @returns every line that the screen shows at the end, scrolled ones included
 */
export const onTerminal = async (args: readonly string[], columns: number): Promise<readonly string[]> => {
  const command = [process.execPath, '--import', 'tsx', `${root}crm/main.ts`, ...args].map(word).join(' ');
  const sized = `stty cols ${columns} rows 40; ${command}`;
  const isLinux = process.platform === 'linux';
  const child = spawn(
    'script',
    isLinux ? ['-qec', sized, '/dev/null'] : ['-q', '/dev/null', 'sh', '-c', sized],
    {
      cwd: root,
      env: { ...process.env, NODE_OPTIONS: '', INIT_CWD: root, TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const terminal = new xterm.Terminal({
    cols: columns,
    rows: 40,
    scrollback: 10_000,
    allowProposedApi: true,
  });
  child.stdout.on('data', (chunk: Buffer) => terminal.write(chunk));
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  await new Promise<void>((resolve) => terminal.write('', resolve));
  const { active } = terminal.buffer;
  const lines = Array.from({ length: active.length }, (_, index) =>
    (active.getLine(index)?.translateToString(true) ?? '').trimEnd(),
  );
  terminal.dispose();
  while (lines.at(-1) === '') lines.pop();
  return lines;
};
