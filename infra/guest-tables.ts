import { AttributeType, Billing, type ITableV2, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { removalOf } from './removal.ts';
import type { Settings } from './settings.ts';

interface GuestTablesProps {
  readonly settings: Settings;
  readonly key: IKey;
}

/** The two tables, both keyed by the session hash and cleaned by their time to live. */
export class GuestTables extends Construct {
  /** Customer attributes, written by the CRM team. */
  readonly crm: ITableV2;
  /** Keys of tables that exist already; one of our own has the environment's key. */
  readonly crmKey: IKey | undefined;
  readonly guestsKey: IKey | undefined;
  /** Which guest belongs to which session, the consent evidence, the shared OAuth token. */
  readonly guests: ITableV2;

  constructor(scope: Construct, id: string, props: GuestTablesProps) {
    super(scope, id);
    const { existingCrmTable, existingGuestTable } = props.settings;
    this.crm = this.existing('Crm', existingCrmTable) ?? this.table('Crm', props);
    this.guests = this.existing('Guests', existingGuestTable) ?? this.table('Guests', props);
    this.crmKey = this.keyOf('CrmKey', existingCrmTable);
    this.guestsKey = this.keyOf('GuestsKey', existingGuestTable);
  }

  private keyOf(id: string, table: Settings['existingCrmTable']): IKey | undefined {
    return table?.keyArn === undefined ? undefined : Key.fromKeyArn(this, id, table.keyArn);
  }

  private existing(id: string, table: Settings['existingCrmTable']): ITableV2 | undefined {
    return table === undefined ? undefined : TableV2.fromTableName(this, `Existing${id}`, table.name);
  }

  private table(id: string, { settings: { keepData, protect, replicas }, key }: GuestTablesProps): ITableV2 {
    const replicaKeys = Object.fromEntries(replicas.map(({ region, keyArn }) => [region, keyArn]));
    const table = new TableV2(this, id, {
      partitionKey: { name: 'sessionHash', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'expiresAt',
      encryption: TableEncryptionV2.customerManagedKey(key, replicaKeys),
      deletionProtection: protect,
      removalPolicy: removalOf({ keepData }),
      replicas: replicas.map(({ region }) => ({ region })),
    });
    // The library's own types disagree about optional parts.
    return table as ITableV2;
  }
}
