import { DeleteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { isSessionHash, keyIdOf } from '../../lambda/guest/session-hash.ts';
import { readSecret } from '../store/hash-keys.ts';
import { scanTable } from '../store/scan.ts';
import { dynamoDbFor, type TargetOptions } from '../store/target.ts';
import { type Context, confirm, requireTarget } from '../store/target-options.ts';
import { UserError } from '../terminal/problem.ts';
import { startProgress } from '../terminal/progress.ts';
import { counted, note, print, type Terminal } from '../terminal/terminal.ts';

export interface PurgeOptions extends TargetOptions {
  readonly keyId: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Goes through what a table holds under a key. */
const eachUnder = async (
  client: DynamoDBClient,
  tableName: string,
  keyId: string,
  take: (hashes: readonly string[]) => void | Promise<void>,
): Promise<void> => {
  await scanTable({
    client,
    tableName,
    attributes: ['sessionHash'],
    onPage: async (items) =>
      await take(
        // The registry holds entries of other kinds, too, which are keyed by no session.
        items
          .map(({ sessionHash }) => sessionHash?.S ?? '')
          .filter((hash) => isSessionHash(hash) && keyIdOf(hash) === keyId),
      ),
  });
};

const countUnder = async (client: DynamoDBClient, tableName: string, keyId: string): Promise<number> => {
  let count = 0;
  await eachUnder(client, tableName, keyId, (hashes) => {
    count += hashes.length;
  });
  return count;
};

const removeUnder = async (
  client: DynamoDBClient,
  tableName: string,
  keyId: string,
  total: number,
  terminal: Terminal,
): Promise<number> => {
  let removed = 0;
  const progress = startProgress(terminal, `Removing from ${tableName}`);
  try {
    await eachUnder(client, tableName, keyId, async (hashes) => {
      for (let from = 0; from < hashes.length; from += 25) {
        const some = hashes.slice(from, from + 25);
        await Promise.all(
          some.map((hash) =>
            client.send(new DeleteItemCommand({ TableName: tableName, Key: { sessionHash: { S: hash } } })),
          ),
        );
        removed += some.length;
        progress.update(removed, removed / Math.max(total, removed));
      }
    });
  } finally {
    progress.end();
  }
  return removed;
};

/** Runs `purge`. */
export const runPurge = async (options: PurgeOptions, context: Context): Promise<void> => {
  const { keyId, yes, json } = options;
  const { terminal } = context;
  const target = await requireTarget(options, context);
  const secret = await readSecret(target);
  if (secret === undefined) {
    throw new UserError('Which keys are in use, only the secret says: name it with --env or --secret-id.');
  }
  const inUse = secret.sessionHashKeys.length === 0 ? ['plain'] : secret.sessionHashKeys.map(({ id }) => id);
  if (inUse.includes(keyId)) throw new UserError(`Key ${keyId} is in use: its records are not purged.`);
  const tables = [
    target.crmTableName,
    ...(target.guestTableName === undefined ? [] : [target.guestTableName]),
  ];
  const client = dynamoDbFor(target);
  try {
    const counts: number[] = [];
    for (const table of tables) counts.push(await countUnder(client, table, keyId));
    const total = counts.reduce((sum, count) => sum + count, 0);
    if (total > 0) {
      const where = `${target.isProduction ? 'PRODUCTION: ' : ''}${target.label}`;
      const named = tables.map((table, index) => `${counted(counts[index] ?? 0, 'item')} in ${table}`);
      const question = `This removes everything under key ${keyId} for good from ${where}: ${named.join(', ')}.`;
      if (yes) note(terminal, question);
      else await confirm(terminal, question, keyId);
    }
    const removed: Record<string, number> = {};
    for (const [index, table] of tables.entries()) {
      const count = counts[index] ?? 0;
      // Nothing is removed that nobody was asked about.
      removed[table] = count === 0 ? 0 : await removeUnder(client, table, keyId, count, terminal);
    }
    if (json) print(terminal, JSON.stringify({ keyId, removed }));
    else if (total === 0) print(terminal, `Nothing is stored under key ${keyId}.`);
    else
      for (const [table, count] of Object.entries(removed))
        print(terminal, `${counted(count, 'item')} removed from ${table}.`);
    context.end(total === 0 ? 1 : 0);
  } finally {
    client.destroy();
  }
};
