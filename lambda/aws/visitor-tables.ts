import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { isExpired } from '../guest/crm-record.ts';
import { StoreUnavailableError } from '../guest/errors.ts';
import type { Clock, CrmLookup, Telemetry, VisitorRead, VisitorTables } from '../guest/ports.ts';
import type { SessionHashes } from '../guest/session-hash.ts';
import { recordFromItem } from './crm-item.ts';
import type { AwsEvent } from './events.ts';
import { type Item, newestRegistration } from './guest-item.ts';
import { createTableGuard } from './table-guard.ts';

/** An item of the registry table that somebody else needs now and then: it comes in the same round trip. */
export interface Companion {
  /** Key of the item, where it is needed now. */
  key(): string | undefined;
  /** Takes the item, `undefined` where there is none; not called when the read failed. */
  deliver(item: Item | undefined): void;
}

export interface VisitorTablesOptions {
  readonly client: DynamoDBClient;
  readonly crmTableName: string;
  readonly guestTableName: string;
  /** Longest wait for the round trip. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry<AwsEvent>;
  readonly companion?: Companion | undefined;
  /** How long a table that is away is left alone before one call tries it again. */
  readonly breakMs?: number | undefined;
}

const keysOf = (names: readonly string[]) => names.map((name) => ({ sessionHash: { S: name } }));

/**
 * CRM record and registry entry by one BatchGetItem. The registry is read consistently, the CRM need not be;
 * without the visitor's consent the CRM table is not touched at all.
 */
export const createVisitorTables = (options: VisitorTablesOptions): VisitorTables => {
  const { client, crmTableName, guestTableName, clock, telemetry, companion } = options;
  const guard = createTableGuard({ ...options, failed: 'tables_unavailable' });

  /** The newest hash whose item holds a record that is valid and has not expired. */
  const crmLookup = (hashes: SessionHashes, items: readonly Item[]): CrmLookup => {
    for (const sessionHash of hashes) {
      const item = items.find((candidate) => candidate['sessionHash']?.S === sessionHash);
      if (item === undefined) continue;
      const read = recordFromItem(item);
      if (!read.ok) {
        telemetry.record('crm_record_invalid', { sessionHash, fields: read.badFields.join(',') });
      } else if (!isExpired(read.record, clock.now())) {
        return { kind: 'matched', record: read.record };
      }
    }
    return { kind: 'not_found' };
  };

  return {
    read: async (hashes, want, deadline): Promise<VisitorRead> => {
      const companionKey = companion?.key();
      const guestKeys = companionKey === undefined ? hashes : [...hashes, companionKey];
      const command = new BatchGetItemCommand({
        RequestItems: {
          [guestTableName]: { Keys: keysOf(guestKeys), ConsistentRead: true },
          ...(want.crm ? { [crmTableName]: { Keys: keysOf(hashes) } } : {}),
        },
      });
      try {
        const { Responses = {}, UnprocessedKeys = {} } = await guard(
          'read',
          deadline,
          async (abortSignal) => await client.send(command, { abortSignal }),
        );
        const missing = [crmTableName, guestTableName].filter((name) => UnprocessedKeys[name] !== undefined);
        if (missing.length > 0) {
          telemetry.record('tables_unavailable', { operation: 'read', reason: 'UnprocessedKeys' });
        }
        const unreachable = missing.includes(guestTableName);
        const guests = Responses[guestTableName] ?? [];
        if (companionKey !== undefined && !unreachable) {
          companion?.deliver(guests.find((item) => item['sessionHash']?.S === companionKey));
        }
        return {
          crm: want.crm
            ? missing.includes(crmTableName)
              ? { kind: 'degraded' }
              : crmLookup(hashes, Responses[crmTableName] ?? [])
            : { kind: 'not_read' },
          registration: unreachable ? 'unreachable' : newestRegistration(hashes, guests, clock.now()),
        };
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        return { crm: { kind: want.crm ? 'degraded' : 'not_read' }, registration: 'unreachable' };
      }
    },
  };
};
