import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import { keyIdOf } from '../../lambda/guest/session-hash.ts';
import { scanTable } from '../store/scan.ts';
import { dynamoDbFor } from '../store/target.ts';
import { confirm } from '../store/target-options.ts';
import { startProgress } from '../terminal/progress.ts';
import { counted, grouped, note } from '../terminal/terminal.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import type { ImportSettings } from './import-file.ts';
import { KnownHashes } from './known-hashes.ts';
import { Patience } from './patience.ts';

/** What the table holds of customers that a complete export has no more. */
export interface Vanished {
  readonly found: number;
  readonly removed: number;
}

type Item = Record<string, AttributeValue>;

/** Counts records that are not in `present`, by hash key, and remembers which they are. */
const findVanished = async (
  client: DynamoDBClient,
  tableName: string,
  present: KnownHashes,
  settings: ImportSettings,
) => {
  const vanished = new KnownHashes();
  const byKey = new Map<string, number>();
  let read = 0;
  const progress = startProgress(settings.terminal, 'Looking for vanished customers');
  try {
    await scanTable({
      client,
      tableName,
      attributes: ['sessionHash'],
      onPage: (items) => {
        read += items.length;
        progress.update(read, undefined);
        for (const { sessionHash } of items) {
          const hash = sessionHash?.S ?? '';
          if (present.has(hash)) continue;
          vanished.add(hash);
          byKey.set(keyIdOf(hash), (byKey.get(keyIdOf(hash)) ?? 0) + 1);
        }
        return !settings.signal.aborted;
      },
    });
  } finally {
    progress.end();
  }
  return { vanished, byKey, read };
};

/** Deletes a record unless its `updatedAt` is another since it was read; nothing tells two records without one apart. */
const remover =
  (client: DynamoDBClient, tableName: string, limit: ConcurrencyLimit, patience: Patience) =>
  async ({ sessionHash, updatedAt }: Item): Promise<boolean> => {
    let removed = false;
    await limit.enter();
    try {
      await patience.until([sessionHash], async () => {
        try {
          await client.send(
            new DeleteItemCommand({
              TableName: tableName,
              Key: { sessionHash: sessionHash ?? { S: '' } },
              ...(updatedAt === undefined
                ? { ConditionExpression: 'attribute_not_exists(updatedAt)' }
                : {
                    // Gone already: the response to this very delete was lost, and it was repeated.
                    ConditionExpression: 'attribute_not_exists(sessionHash) OR updatedAt = :seen',
                    ExpressionAttributeValues: { ':seen': updatedAt },
                  }),
            }),
          );
          removed = true;
        } catch (error) {
          if (!(error instanceof ConditionalCheckFailedException)) throw error;
        }
        return [];
      });
    } finally {
      limit.leave();
    }
    return removed;
  };

const declined =
  'The rows of the export were written, and nothing was removed. To remove after all, repeat the command with --resume.';

const namesOfKeys = (byKey: ReadonlyMap<string, number>): string =>
  [...byKey]
    .map(([key, count]) => `${grouped(count)} ${key === 'plain' ? 'without a hash key' : `under key ${key}`}`)
    .join(', ');

/**
 * Removes the records of customers that a complete export has no more, after asking. Interrupted at any moment, it has
 * removed nothing but such records; the same command goes on.
 * @param present the hashes of all rows of the export
 * @throws UserError when nobody confirms it
 */
export const removeVanished = async (present: KnownHashes, settings: ImportSettings): Promise<Vanished> => {
  const { target, options, terminal, signal } = settings;
  const { crmTableName: tableName } = target;
  const client = dynamoDbFor(target, { maxSockets: options.concurrency });
  try {
    const { vanished, byKey, read } = await findVanished(client, tableName, present, settings);
    const found = vanished.size;
    if (found === 0 || options.dryRun || signal.aborted) return { found, removed: 0 };
    const question = `${counted(found, 'record')} of ${grouped(read)} in ${tableName} ${found === 1 ? 'is' : 'are'} not in the export (${namesOfKeys(byKey)}), and would be removed for good.`;
    if (options.yes) note(terminal, question);
    else await confirm(terminal, question, `remove ${found}`, declined);
    const limit = new ConcurrencyLimit(options.concurrency);
    const remove = remover(client, tableName, limit, new Patience(limit, options.patience * 1000));
    const progress = startProgress(terminal, 'Removing');
    let removed = 0;
    try {
      await scanTable({
        client,
        tableName,
        attributes: ['sessionHash', 'updatedAt'],
        onPage: async (items) => {
          // Only what was shown: records that were written since are nobody's to remove.
          const gone = items.filter(({ sessionHash }) => vanished.has(sessionHash?.S ?? ''));
          const results = await Promise.all(
            gone.map(async (item) => !signal.aborted && (await remove(item))),
          );
          removed += results.filter(Boolean).length;
          progress.update(removed, removed / found);
          return !signal.aborted;
        },
      });
    } finally {
      progress.end();
    }
    return { found, removed };
  } finally {
    client.destroy();
  }
};
