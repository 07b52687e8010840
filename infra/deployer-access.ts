import { Stack } from 'aws-cdk-lib';
import { Grant, ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { accept } from './accepted-findings.ts';
import { grantReadSecret } from './permissions.ts';

/** What `preflight` and `smoke` need beyond the CDK's own roles: for the pipeline's role, or a person's. */
export class DeployerAccess extends Construct {
  readonly checks: ManagedPolicy;

  constructor(
    scope: Construct,
    id: string,
    {
      secret,
      resolve,
    }: { readonly secret: ISecret; readonly resolve?: Pick<IFunction, 'functionArn'> | undefined },
  ) {
    super(scope, id);
    this.checks = new ManagedPolicy(this, 'Checks', {
      description: 'Preflight and smoke test: read outputs, the Genesys secret and the account limit',
    });
    Grant.addToPrincipal({
      grantee: this.checks,
      actions: ['cloudformation:DescribeStacks'],
      resourceArns: [Stack.of(this).stackId],
    });
    Grant.addToPrincipal({
      grantee: this.checks,
      actions: ['lambda:GetAccountSettings'],
      resourceArns: ['*'],
    });
    accept(
      this.checks,
      ['AwsSolutions-IAM5[Resource::*]'],
      'The limits of an account are no resource; reading them takes a wildcard.',
    );
    if (resolve !== undefined) {
      Grant.addToPrincipal({
        grantee: this.checks,
        actions: ['lambda:InvokeFunction'],
        resourceArns: [resolve.functionArn],
      });
    }
    grantReadSecret(secret, this.checks);
  }
}
