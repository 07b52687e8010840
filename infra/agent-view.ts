import { Duration } from 'aws-cdk-lib';
import { AccountPrincipal, Grant, ManagedPolicy, Role } from 'aws-cdk-lib/aws-iam';
import { Alias, type IVersion } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { genesysAccountOf } from './genesys-regions.ts';
import type { GuestFunction } from './guest-function.ts';
import type { Settings } from './settings.ts';

interface AgentViewProps {
  readonly settings: Settings;
  readonly agentView: NonNullable<Settings['agentView']>;
  readonly resolve: GuestFunction;
}

/**
 * What the organisation's message flow reaches: an alias of the function that says who a visitor is, and the role
 * by which Genesys' own account may invoke that alias and nothing else.
 */
export class AgentView extends Construct {
  readonly live: Alias;
  readonly role: Role;
  readonly resolve: GuestFunction;

  constructor(scope: Construct, id: string, { settings, agentView, resolve }: AgentViewProps) {
    super(scope, id);
    this.resolve = resolve;
    this.live = new Alias(this, 'Live', {
      aliasName: 'live',
      version: resolve.function.currentVersion as IVersion,
    });
    const invoke = new ManagedPolicy(this, 'Invoke', {
      description: 'Genesys Cloud: ask who a visitor is',
    });
    Grant.addToPrincipal({
      grantee: invoke,
      actions: ['lambda:InvokeFunction'],
      resourceArns: [this.live.functionArn],
    });
    this.role = new Role(this, 'Role', {
      description: 'Assumed by Genesys Cloud for the AWS Lambda data action',
      assumedBy: new AccountPrincipal(
        agentView.genesysAwsAccountId ?? genesysAccountOf(settings.genesysDomain),
      ),
      // Without it, any customer of Genesys could name this role.
      externalIds: [agentView.genesysOrganizationId],
      managedPolicies: [invoke],
    });
  }
}

/** Longer than `RESOLVE_BUDGET_MS` (4 s by default): it is the function that ends first. */
export const resolveTimeout = Duration.seconds(6);
