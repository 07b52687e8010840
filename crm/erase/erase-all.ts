import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { type EraseOptions, eraseSession } from './erase-session.ts';
import type { ContactEraser } from './genesys-contact.ts';
import type { ContactReceipt, SessionReceipt } from './receipt.ts';

/** Runs `work` on every item, at most `most` at once, results in order. */
export const inParallel = async <T, R>(
  items: readonly T[],
  most: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      results[index] = await work(items[index] as T);
    }
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
  return results;
};

// Erasing is mostly waiting for requests under way; many sessions wait together.
const mostAtOnce = 200;

/** The CRM's ids of the customers whose records are about to be deleted. */
export const customersOf = async (
  hashes: readonly string[],
  { client, crmTableName }: EraseOptions,
): Promise<Set<string>> => {
  const found = await inParallel(hashes, 32, async (hash) => {
    const { Item } = await client.send(
      new GetItemCommand({
        TableName: crmTableName,
        Key: { sessionHash: { S: hash } },
        ConsistentRead: true,
        ProjectionExpression: 'crmId',
      }),
    );
    return Item?.['crmId']?.S;
  });
  return new Set(found.filter((crmId) => crmId !== undefined));
};

/** Erases sessions from both tables, then customers at Genesys: a registration under way could bring those back. */
export const eraseAll = async (
  hashes: readonly string[],
  crmIds: readonly string[],
  options: EraseOptions,
  contacts: ContactEraser | undefined,
): Promise<{ sessions: SessionReceipt[]; genesysContacts: ContactReceipt[] }> => {
  const sessions = await inParallel(hashes, mostAtOnce, (hash) => eraseSession(hash, options));
  const genesysContacts =
    contacts === undefined ? [] : await inParallel(crmIds, 4, (crmId) => contacts.erase(crmId));
  return { sessions, genesysContacts };
};
