import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, type ITableV2, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Settings } from './settings.ts';

interface GuestTablesProps {
  readonly settings: Settings;
  readonly key: IKey;
}

/** The two tables, both keyed by the session hash and cleaned by their time to live. */
export class GuestTables extends Construct {
  /** Customer attributes, written by the CRM team. */
  readonly crm: ITableV2;
  /** Of a CRM table that exists already; one of our own has the environment's key. */
  readonly crmKey: IKey | undefined;
  /** Which guest belongs to which session, the consent evidence, the shared OAuth token. */
  readonly guests: ITableV2;

  constructor(scope: Construct, id: string, props: GuestTablesProps) {
    super(scope, id);
    const { existingCrmTable } = props.settings;
    if (existingCrmTable === undefined) {
      this.crm = this.table('Crm', props);
    } else {
      const { name, keyArn } = existingCrmTable;
      this.crm = TableV2.fromTableName(this, 'Crm', name);
      this.crmKey = keyArn === undefined ? undefined : Key.fromKeyArn(this, 'CrmKey', keyArn);
    }
    this.guests = this.table('Guests', props);
  }

  private table(id: string, { settings: { keepData, replicas }, key }: GuestTablesProps): ITableV2 {
    const replicaKeys = Object.fromEntries(replicas.map(({ region, keyArn }) => [region, keyArn]));
    const table = new TableV2(this, id, {
      partitionKey: { name: 'sessionHash', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'expiresAt',
      encryption: TableEncryptionV2.customerManagedKey(key, replicaKeys),
      deletionProtection: keepData,
      removalPolicy: keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      replicas: replicas.map(({ region }) => ({ region })),
    });
    // The library's own types disagree about optional parts.
    return table as ITableV2;
  }
}
