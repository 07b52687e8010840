import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { removalOf } from './removal.ts';

/**
 * The environment's own encryption keys: one for the data of visitors and the Genesys credentials,
 * one for what operators see, so that reading logs and alarms never needs the data's key.
 */
export class Keys extends Construct {
  readonly data: Key;
  readonly operations: Key;

  constructor(scope: Construct, id: string, { keepData }: { readonly keepData: boolean }) {
    super(scope, id);
    const removalPolicy = removalOf({ keepData });
    this.data = new Key(this, 'Data', {
      description: 'Tables, queue and Genesys secret of the guest profiles',
      enableKeyRotation: true,
      removalPolicy,
    });
    this.operations = new Key(this, 'Operations', {
      description: 'Logs and alarm topic of the guest profiles',
      enableKeyRotation: true,
      removalPolicy,
    });
    this.allowLogs();
    this.allowAlarms();
  }

  /** CloudWatch Logs encrypts with the key, for log groups of this account only. */
  private allowLogs(): void {
    const { partition, region, account } = Stack.of(this);
    this.operations.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal(`logs.${region}.amazonaws.com`)],
        actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
        resources: ['*'],
        conditions: {
          ArnLike: {
            'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*`,
          },
        },
      }),
    );
  }

  /** Alarms and the budget are sent through the encrypted topic. */
  private allowAlarms(): void {
    this.operations.addToResourcePolicy(
      new PolicyStatement({
        principals: [
          new ServicePrincipal('cloudwatch.amazonaws.com'),
          new ServicePrincipal('budgets.amazonaws.com'),
        ],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
  }
}
