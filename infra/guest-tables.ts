import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { Settings } from './settings.ts';

interface GuestTablesProps {
  readonly settings: Settings;
  readonly key: IKey;
}

/** The two tables, both keyed by the session hash and cleaned by their time to live. */
export class GuestTables extends Construct {
  /** Customer attributes, written by the CRM team. */
  readonly crm: TableV2;
  /** Which guest belongs to which session, the consent evidence, the shared OAuth token. */
  readonly guests: TableV2;

  constructor(scope: Construct, id: string, props: GuestTablesProps) {
    super(scope, id);
    this.crm = this.table('Crm', props);
    this.guests = this.table('Guests', props);
  }

  private table(id: string, { settings: { keepData, replicas }, key }: GuestTablesProps): TableV2 {
    const replicaKeys = Object.fromEntries(replicas.map(({ region, keyArn }) => [region, keyArn]));
    return new TableV2(this, id, {
      partitionKey: { name: 'sessionHash', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      timeToLiveAttribute: 'expiresAt',
      encryption: TableEncryptionV2.customerManagedKey(key, replicaKeys),
      deletionProtection: keepData,
      removalPolicy: keepData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
      replicas: replicas.map(({ region }) => ({ region })),
    });
  }
}
