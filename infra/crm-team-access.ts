import { Stack } from 'aws-cdk-lib';
import { Grant, ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { accept } from './accepted-findings.ts';
import type { GuestTables } from './guest-tables.ts';
import { grantCrmSecret, grantCrmTeam } from './permissions.ts';

interface CrmTeamAccessProps {
  readonly tables: GuestTables;
  readonly secret: ISecret;
  readonly key: IKey;
}

/** Policies that the CRM team's roles get; nothing of the service carries them. */
export class CrmTeamAccess extends Construct {
  /** Writes customer records, erases a visitor's registry entry, reads the stack's outputs and the match rate. */
  readonly records: ManagedPolicy;
  /** In addition, where session hashes are keyed or guests are erased at Genesys Cloud too. */
  readonly secret: ManagedPolicy;

  constructor(scope: Construct, id: string, { tables, secret, key }: CrmTeamAccessProps) {
    super(scope, id);
    this.records = new ManagedPolicy(this, 'Records', {
      description: 'CRM team: write customer records, erase registry entries',
    });
    grantCrmTeam({ tables, key }, this.records);
    Grant.addToPrincipal({
      grantee: this.records,
      actions: ['cloudformation:DescribeStacks'],
      resourceArns: [Stack.of(this).stackId],
    });
    Grant.addToPrincipal({
      grantee: this.records,
      actions: ['cloudwatch:GetMetricData'],
      resourceArns: ['*'],
    });
    accept(
      this.records,
      ['AwsSolutions-IAM5[Resource::*]'],
      'CloudWatch offers no resource-level permissions for reading metrics; the match rate is read after an import.',
    );
    this.secret = new ManagedPolicy(this, 'Secret', {
      description: 'CRM team: read the keys for session hashes and erasure at Genesys Cloud',
    });
    grantCrmSecret({ secret }, this.secret);
  }
}
