import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Clock } from '../../lambda/guest/ports.ts';
import { leaseSkewMs } from '../../lambda/guest/registration.ts';
import { UserError } from '../terminal/problem.ts';
import type { Erased, SessionReceipt } from './receipt.ts';

export interface EraseOptions {
  readonly client: DynamoDBClient;
  readonly crmTableName: string;
  readonly guestTableName: string;
  readonly clock: Clock;
  /**
   * How long the registry is watched, in milliseconds: a request that read the CRM record before it was deleted may go
   * on for that time.
   */
  readonly settleMs: number;
}

const pollMs = 250;
/** A visitor who keeps registering must not keep the tool waiting for ever. */
const patienceMs = 120_000;

const deleteRecord = async (sessionHash: string, { client, crmTableName }: EraseOptions): Promise<Erased> => {
  const { Attributes } = await client.send(
    new DeleteItemCommand({
      TableName: crmTableName,
      Key: { sessionHash: { S: sessionHash } },
      ReturnValues: 'ALL_OLD',
    }),
  );
  return Attributes === undefined ? 'absent' : 'deleted';
};

/**
 * Deletes the registry entry and watches until it stays gone. Somebody who holds the lease is about to write:
 * deleting under them would leave a guest at Genesys that nobody knows, so their lease is waited for.
 */
const deleteEntry = async (
  sessionHash: string,
  settledAtMs: number,
  options: EraseOptions,
): Promise<Erased> => {
  const { client, guestTableName: TableName, clock } = options;
  const Key = { sessionHash: { S: sessionHash } };
  let outcome: Erased = 'absent';
  for (;;) {
    const { Item } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
    const now = clock.now();
    if (Item === undefined) {
      if (now >= settledAtMs) return outcome;
      await clock.sleep(Math.min(pollMs, settledAtMs - now));
      continue;
    }
    if (now > settledAtMs + patienceMs) {
      throw new UserError('A visitor keeps registering while being erased: run the command again later.');
    }
    const leasedMs = Number(Item['leaseUntil']?.N ?? 0) + leaseSkewMs - now;
    if (leasedMs > 0) {
      await clock.sleep(Math.min(pollMs, leasedMs));
      continue;
    }
    const seen = Item['version'];
    try {
      await client.send(
        new DeleteItemCommand({
          TableName,
          Key,
          ...(seen === undefined
            ? { ConditionExpression: 'attribute_not_exists(version)' }
            : {
                // Gone already: the response to this very delete was lost, and the SDK repeated it.
                ConditionExpression: 'attribute_not_exists(sessionHash) OR version = :seen',
                ExpressionAttributeValues: { ':seen': seen },
              }),
        }),
      );
      outcome = 'deleted';
    } catch (error) {
      // Written since it was read: looked at again.
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }
};

const hasRecord = async (sessionHash: string, { client, crmTableName }: EraseOptions): Promise<boolean> => {
  const { Item } = await client.send(
    new GetItemCommand({
      TableName: crmTableName,
      Key: { sessionHash: { S: sessionHash } },
      ConsistentRead: true,
      ProjectionExpression: 'sessionHash',
    }),
  );
  return Item !== undefined;
};

/**
 * Erases one session hash from both tables; the record first, so that nothing new is made from it.
 * @throws UserError when the record is there again after the watch
 */
export const eraseSession = async (sessionHash: string, options: EraseOptions): Promise<SessionReceipt> => {
  const crmRecord = await deleteRecord(sessionHash, options);
  const settledAtMs = options.clock.now() + options.settleMs;
  const registryEntry = await deleteEntry(sessionHash, settledAtMs, options);
  if (await hasRecord(sessionHash, options)) {
    throw new UserError(
      'An import wrote the record again while it was being erased: take the person out of the export, let the import end, and run the command again.',
    );
  }
  return { sessionHash, crmRecord, registryEntry, goneAt: new Date(options.clock.now()).toISOString() };
};
