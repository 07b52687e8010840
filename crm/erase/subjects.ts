import type { Readable } from 'node:stream';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { hashSession, isSessionHash, type SessionHashKey } from '../../lambda/guest/session-hash.ts';
import { roleOf } from '../customers/columns.ts';
import { sessionIdFault } from '../customers/record-check.ts';
import { CsvRows } from '../input/csv-rows.ts';
import type { InputRow } from '../input/row.ts';
import { sniffDelimiter } from '../input/sniff.ts';
import { openText } from '../input/text-source.ts';
import { scanTable } from '../store/scan.ts';
import { UserError } from '../terminal/problem.ts';

/** Whom to erase: sessions by their hashes, customers by the CRM's id. */
export interface Subjects {
  readonly sessionHashes: Set<string>;
  readonly crmIds: Set<string>;
}

/** Every hash that a session may be stored under: by the keys in use, and without a key. */
export const allHashes = (sessionId: string, keys: readonly SessionHashKey[]): string[] => [
  ...new Set([...hashSession(sessionId, keys), ...hashSession(sessionId, [])]),
];

export const addSessionId = (
  { sessionHashes }: Subjects,
  sessionId: string,
  keys: readonly SessionHashKey[],
): void => {
  const fault = sessionIdFault(sessionId);
  if (fault !== undefined) throw new UserError(`A session id ${fault}.`);
  for (const hash of allHashes(sessionId, keys)) sessionHashes.add(hash);
};

export const addSessionHash = ({ sessionHashes }: Subjects, hash: string): void => {
  if (!isSessionHash(hash)) {
    throw new UserError('A session hash is 64 hexadecimal digits, after "<key id>:" where it is keyed.');
  }
  sessionHashes.add(hash);
};

const identifiers = ['sessionId', 'sessionHash', 'crmId'] as const;
type Identifier = (typeof identifiers)[number];
const noOptions = { map: new Map(), ignore: new Set<string>(), types: new Map() };

const columnsOf = ({ cells }: InputRow, path: string): readonly (Identifier | undefined)[] => {
  const columns = cells.map((cell) => {
    const role = roleOf(String(cell).trim(), noOptions);
    return role.kind === 'field' ? identifiers.find((name) => name === role.field) : undefined;
  });
  if (columns.some((column) => column !== undefined)) return columns;
  throw new UserError(
    `${path}: the first line must name the columns; one is sessionId, sessionHash or crmId.`,
  );
};

/**
 * Reads whom to erase from a CSV file with a column sessionId, sessionHash or crmId.
 * @throws UserError naming the line of the first row that is no identifier: nobody is to be forgotten silently
 */
export const addFile = async (
  subjects: Subjects,
  path: string,
  keys: readonly SessionHashKey[],
  stdin: Readable,
): Promise<void> => {
  const source = await openText(path, undefined, stdin);
  const splitter = new CsvRows(sniffDelimiter(source.sample));
  let columns: readonly (Identifier | undefined)[] | undefined;
  const addRow = (row: InputRow): void => {
    if (row.fault !== undefined) throw new UserError(`${path}, line ${row.line}: ${row.fault}.`);
    if (columns === undefined) {
      columns = columnsOf(row, path);
      return;
    }
    let found = 0;
    row.cells.forEach((cell, index) => {
      const column = columns?.[index];
      if (column === undefined || typeof cell !== 'string' || cell === '') return;
      found += 1;
      try {
        if (column === 'sessionId') addSessionId(subjects, cell, keys);
        else if (column === 'sessionHash') addSessionHash(subjects, cell);
        else subjects.crmIds.add(cell);
      } catch (error) {
        if (error instanceof UserError) throw new UserError(`${path}, line ${row.line}: ${error.message}`);
        throw error;
      }
    });
    if (found === 0) throw new UserError(`${path}, line ${row.line}: names nobody.`);
  };
  for await (const block of source.blocks) for (const row of splitter.push(block)) addRow(row);
  for (const row of splitter.end()) addRow(row);
};

/** Finds the sessions of customers; the table has no index by crmId, so all of it is read. */
export const addSessionsOfCustomers = async (
  { sessionHashes, crmIds }: Subjects,
  client: DynamoDBClient,
  tableName: string,
): Promise<void> => {
  if (crmIds.size === 0) return;
  await scanTable({
    client,
    tableName,
    attributes: ['sessionHash', 'crmId'],
    onPage: (items) => {
      for (const { sessionHash, crmId } of items) {
        if (sessionHash?.S !== undefined && crmId?.S !== undefined && crmIds.has(crmId.S)) {
          sessionHashes.add(sessionHash.S);
        }
      }
    },
  });
};
