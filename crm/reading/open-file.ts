import { describeColumns } from '../customers/column-preview.ts';

import { type InputOptions, readOptions } from '../customers/input-options.ts';
import { refuseUnmatched } from '../customers/option-check.ts';
import { type CustomerInput, readCustomers } from '../customers/read-customers.ts';
import { JsonRows } from '../input/json-rows.ts';
import { openText, type TextSource } from '../input/text-source.ts';
import { UserError } from '../terminal/problem.ts';
import { note, type Terminal } from '../terminal/terminal.ts';
import { refuseSameFiles } from './same-file.ts';

/** A file of customers whose columns are known and fit the options. */
export interface OpenedFile {
  readonly file: string;
  readonly source: TextSource;
  readonly input: CustomerInput;
}

/** Every name in a file of JSON Lines, those inside `attributes` included. */
const allNames = async (file: string, options: InputOptions): Promise<ReadonlySet<string>> => {
  const names = new Set<string>();
  const splitter = new JsonRows();
  const addAll = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, inner] of Object.entries(value)) {
      names.add(name);
      if (depth === 0) addAll(inner, 1);
    }
  };
  const { blocks } = await openText(file, options.encoding);
  for await (const block of blocks) for (const { cells } of splitter.push(block)) addAll(cells[0], 0);
  for (const { cells } of splitter.end()) addAll(cells[0], 0);
  return names;
};

/**
 * Makes sure that every option matches something in JSON Lines. Where the first rows do not show it, the whole file is
 * looked through before anything is written; the standard input cannot be.
 */
const checkUnmatched = async (file: string, { input }: OpenedFile, options: InputOptions): Promise<void> => {
  if (input.unmatched.length === 0) return;
  if (file === '-') {
    const shown = new Set(input.columns.map(({ column }) => column));
    refuseUnmatched(input.unmatched, shown, 'The beginning of the input');
  }
  const names = await allNames(file, options);
  refuseUnmatched(
    input.unmatched.filter(([, name]) => !names.has(name)),
    names,
    file,
  );
};

const openFile = async (file: string, options: InputOptions, terminal: Terminal): Promise<OpenedFile> => {
  const source = await openText(file, options.encoding, terminal.in);
  const input = await readCustomers(source, readOptions(options));
  const opened = { file, source, input };
  await checkUnmatched(file, opened, options);
  return opened;
};

/**
 * Opens all files of a command before the first of them is used, and shows what becomes of their columns.
 * @throws UserError when one cannot be read, or does not fit the options
 */
export const openFiles = async (
  files: readonly string[],
  options: InputOptions,
  terminal: Terminal,
): Promise<readonly OpenedFile[]> => {
  const { rejects } = options;
  if (rejects !== undefined && files.length > 1) {
    throw new UserError('--rejects takes the rows of one file: leave it out, and each file gets its own.');
  }
  refuseSameFiles([...files.map((file) => ['the input', file] as const), ['--rejects', rejects]]);
  const opened: OpenedFile[] = [];
  for (const file of files) opened.push(await openFile(file, options, terminal));
  for (const { file, input } of opened) {
    note(terminal, `${file} is read as:`);
    for (const line of describeColumns(input.columns)) note(terminal, `  ${line}`);
  }
  return opened;
};
