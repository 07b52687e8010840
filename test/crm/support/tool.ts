import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { run } from '../../../crm/program.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface ToolResult {
  readonly code: number;
  readonly out: string;
  readonly notes: string;
}

export interface ToolOptions {
  readonly input?: string | Buffer;
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** Whether somebody sits at the terminal, who types `input`. */
  readonly interactive?: boolean;
  readonly signal?: AbortSignal;
}

const collector = () => {
  let text = '';
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      text += String(chunk);
      done();
    },
  });
  return { stream, text: () => text };
};

/** Where the tool thinks that the project is: nothing that it keeps there is left in this one. */
const project = mkdtempSync(join(tmpdir(), 'crm-project-'));
process.once('exit', () => rmSync(project, { recursive: true, force: true }));

/** Runs the tool in this process, as a terminal would. */
export const tool = async (args: readonly string[], options: ToolOptions = {}): Promise<ToolResult> => {
  const { input, environment = {}, folder = project, interactive = false, signal } = options;
  const out = collector();
  const notes = collector();
  const code = await run(['node', 'crm', ...args], {
    environment,
    folder,
    interruptible: () => signal ?? new AbortController().signal,
    terminal: {
      in: input === undefined ? new PassThrough().end() : Readable.from([Buffer.from(input)]),
      out: out.stream,
      notes: notes.stream,
      interactive,
      animated: false,
      columns: 80,
    },
  });
  return { code, out: out.text(), notes: notes.text() };
};

/** Starts the tool as a process of its own. */
export const spawnTool = (
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess =>
  spawn(process.execPath, ['--import', 'tsx', join(root, 'crm', 'main.ts'), ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', INIT_CWD: root, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

/** Waits for a process: its exit code and what it printed. */
export const ended = (
  child: ChildProcess,
): Promise<ToolResult & { readonly signal: NodeJS.Signals | null }> =>
  new Promise((resolve) => {
    let out = '';
    let notes = '';
    child.stdout?.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      notes += chunk;
    });
    child.on('close', (code, signal) => resolve({ code: code ?? -1, signal, out, notes }));
  });

/** A folder for files of one test file, gone afterwards. */
export const temporaryFolder = () => {
  const path = mkdtempSync(join(tmpdir(), 'crm-test-'));
  let files = 0;
  return {
    path,
    /** Writes a file under a name of its own. */
    file: (content: string | Buffer, extension = 'csv'): string => {
      files += 1;
      const file = join(path, `file-${files}.${extension}`);
      writeFileSync(file, content);
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
};
