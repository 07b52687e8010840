import { once } from 'node:events';
import { createWriteStream, openSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { recordFromItem } from '../../lambda/aws/crm-item.ts';
import type { CrmRecord } from '../../lambda/guest/crm-record.ts';
import { exportNumber } from '../customers/columns.ts';
import { csvLine } from '../customers/csv-line.ts';
import { escapeFormula } from '../customers/formula.ts';
import { scanTable } from '../store/scan.ts';
import { dynamoDbFor, type TargetOptions } from '../store/target.ts';
import { type Context, requireTarget } from '../store/target-options.ts';
import { codeOf, UserError } from '../terminal/problem.ts';
import { startProgress } from '../terminal/progress.ts';
import { counted, note } from '../terminal/terminal.ts';

export interface ExportOptions extends TargetOptions {
  readonly out?: string;
}

const fields = ['email', 'firstName', 'tier', 'previousTickets', 'crmId', 'updatedAt', 'expiresAt'] as const;

const rowOf = (number: number, sessionHash: string, record: CrmRecord): string =>
  csvLine([
    String(number),
    sessionHash,
    ...fields.map((name) => escapeFormula(String(record[name] ?? ''))),
    record.attributes === undefined ? '' : escapeFormula(JSON.stringify(record.attributes)),
  ]);

const openOut = (path: string): Writable => {
  try {
    return createWriteStream(path, { fd: openSync(path, 'wx', 0o600) });
  } catch (error) {
    if (codeOf(error) === 'EEXIST')
      throw new UserError(`${path} is there already: name a new file with --out.`);
    throw error;
  }
};

/** Runs `export`. */
export const runExport = async ({ out, ...options }: ExportOptions, context: Context): Promise<void> => {
  const { terminal } = context;
  const target = await requireTarget(options, context);
  const client = dynamoDbFor(target);
  const stream = out === undefined ? terminal.out : openOut(out);
  const progress = startProgress(terminal, 'Exporting');
  let rows = 0;
  let broken = 0;
  // Parts of the table are read at once; their rows are written one page after the other.
  let writing = Promise.resolve();
  const write = async (text: string): Promise<void> => {
    if (!stream.write(text)) await once(stream, 'drain');
  };
  try {
    await write(csvLine([exportNumber, 'sessionHash', ...fields, 'attributes']));
    await scanTable({
      client,
      tableName: target.crmTableName,
      onPage: async (items) => {
        let text = '';
        for (const item of items) {
          const read = recordFromItem(item);
          if (!read.ok) {
            broken += 1;
            continue;
          }
          rows += 1;
          text += rowOf(rows, item['sessionHash']?.S ?? '', read.record);
        }
        writing = writing.then(() => write(text));
        await writing;
        progress.update(rows, undefined);
      },
    });
  } finally {
    progress.end();
    client.destroy();
    if (out !== undefined) {
      stream.end();
      await finished(stream);
    }
  }
  note(terminal, `${counted(rows, 'record')} written${out === undefined ? '' : ` to ${out}`}.`);
  if (broken > 0) {
    note(
      terminal,
      `${counted(broken, 'item breaks', 'items break')} the schema and ${broken === 1 ? 'was' : 'were'} left out: "explain" names the fields.`,
    );
  }
  context.end(broken > 0 ? 1 : 0);
};
