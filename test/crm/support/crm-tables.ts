import { type AttributeValue, paginateScan } from '@aws-sdk/client-dynamodb';
import { recordFromItem } from '../../../lambda/aws/crm-item.ts';
import type { CrmRecord } from '../../../lambda/guest/crm-record.ts';
import { startTestTables, type TestTables } from '../../support/dynamodb.ts';

export interface CrmTables extends TestTables {
  /** Options that name these tables to the tool. */
  readonly options: readonly string[];
  /** Every record of the CRM table, by hash. */
  all(): Promise<Map<string, CrmRecord>>;
  record(hash: string): Promise<CrmRecord | undefined>;
}

const recordOf = (item: Record<string, AttributeValue>): CrmRecord => {
  const read = recordFromItem(item);
  if (!read.ok) throw new Error(`The table holds a record that breaks the schema: ${read.badFields.join()}.`);
  return read.record;
};

export const startCrmTables = async (): Promise<CrmTables> => {
  const tables = await startTestTables();
  return {
    ...tables,
    options: [
      '--table',
      tables.crmTableName,
      '--guest-table',
      tables.guestTableName,
      '--endpoint',
      tables.url,
    ],
    all: async () => {
      const records = new Map<string, CrmRecord>();
      for await (const { Items = [] } of paginateScan(
        { client: tables.client },
        { TableName: tables.crmTableName },
      )) {
        for (const item of Items) records.set(item['sessionHash']?.S ?? '', recordOf(item));
      }
      return records;
    },
    record: async (hash) => {
      const item = await tables.item(tables.crmTableName, hash);
      return item && recordOf(item);
    },
  };
};
