import { BatchGetItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { isExpired } from '../guest/crm-record.ts';
import { StoreUnavailableError } from '../guest/errors.ts';
import type { Clock, CrmLookup, Deadline, Telemetry, VisitorTables } from '../guest/ports.ts';
import type { SessionHashes } from '../guest/session-hash.ts';
import { recordFromItem } from './crm-item.ts';
import type { AwsEvent } from './events.ts';
import { type Item, registrationFromItems } from './guest-item.ts';
import { createTableGuard } from './table-guard.ts';

export interface VisitorTablesOptions {
  readonly client: DynamoDBClient;
  readonly crmTableName: string;
  readonly guestTableName: string;
  /** Longest wait for the round trip. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry<AwsEvent>;
  /** How long calls are suspended while a table is away, before one of them tries it again. */
  readonly breakMs?: number | undefined;
}

/**
 * CRM record and registry entry by one BatchGetItem. The registry is read consistently, the CRM need not be;
 * without the visitor's consent the CRM table is not touched at all.
 */
export const createVisitorTables = (options: VisitorTablesOptions): VisitorTables => {
  const { client, crmTableName, guestTableName, clock, telemetry } = options;
  const guard = createTableGuard({ ...options, failed: 'tables_unavailable' });
  // Of its own: a registry that responds says nothing about the CRM table.
  const crmGuard = createTableGuard({ ...options, failed: 'tables_unavailable' });

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

  /** Items by table; `undefined` for a table that could not be read, or not completely. */
  const readItems = async (
    hashes: SessionHashes,
    tableNames: readonly string[],
    deadline: Deadline,
  ): Promise<Readonly<Record<string, readonly Item[] | undefined>>> => {
    const Keys = hashes.map((hash) => ({ sessionHash: { S: hash } }));
    const command = new BatchGetItemCommand({
      RequestItems: Object.fromEntries(
        tableNames.map((name) => [name, { Keys, ConsistentRead: name === guestTableName }]),
      ),
    });
    try {
      const { Responses = {}, UnprocessedKeys = {} } = await (tableNames.includes(guestTableName)
        ? guard
        : crmGuard)('read', deadline, async (abortSignal) => await client.send(command, { abortSignal }));
      const isMissing = (name: string): boolean => UnprocessedKeys[name] !== undefined;
      if (tableNames.some(isMissing)) {
        telemetry.record('tables_unavailable', { operation: 'read', reason: 'UnprocessedKeys' });
      }
      return Object.fromEntries(
        tableNames.map((name) => [name, isMissing(name) ? undefined : (Responses[name] ?? [])]),
      );
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      return {};
    }
  };

  const crmFrom = (hashes: SessionHashes, items: readonly Item[] | undefined): CrmLookup =>
    items === undefined ? { kind: 'degraded' } : crmLookup(hashes, items);

  return {
    read: async (hashes, { crm }, deadline) => {
      const tableNames = crm ? [guestTableName, crmTableName] : [guestTableName];
      const items = await readItems(hashes, tableNames, deadline);
      const guests = items[guestTableName];
      return {
        crm: crm ? crmFrom(hashes, items[crmTableName]) : { kind: 'not_read' },
        registration:
          guests === undefined ? 'unreachable' : registrationFromItems(hashes, guests, clock.now()),
      };
    },

    readCrm: async (hashes, deadline) =>
      crmFrom(hashes, (await readItems(hashes, [crmTableName], deadline))[crmTableName]),
  };
};
