import { existsSync } from 'node:fs';
import { Duration } from 'aws-cdk-lib';
import { type IGrantable, ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  ApplicationLogLevel,
  Architecture,
  type CfnFunction,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { FunctionEnvironment } from '../lambda/env.ts';
import { accept } from './accepted-findings.ts';
import { removalOf } from './removal.ts';
import { type Settings, SettingsError } from './settings.ts';

/** Folders of the built functions. */
export type FunctionCode = Readonly<Record<'init' | 'drain' | 'resolve', string>>;

export interface GuestFunctionProps {
  readonly settings: Settings;
  readonly description: string;
  /** Folder of the built bundle. */
  readonly code: string;
  readonly timeout: Duration;
  readonly memoryMb: number;
  /** Absent: none is reserved. */
  readonly reservedConcurrency?: number | undefined;
  readonly environment: FunctionEnvironment;
  readonly logKey: IKey;
}

/**
 * A function of this service with its own log group and its own role. The role holds what `permissions` is
 * granted and nothing else: the library adds no statements of its own to it.
 */
export class GuestFunction extends Construct {
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;
  /** Grant to this. */
  readonly permissions: IGrantable;

  constructor(scope: Construct, id: string, props: GuestFunctionProps) {
    super(scope, id);
    const { settings, code, logKey } = props;
    if (!existsSync(code)) throw new SettingsError(`${code} is missing: run npm run build first.`);
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: settings.logRetentionDays,
      encryptionKey: logKey,
      removalPolicy: removalOf(settings),
    });
    const policy = this.ownPolicy();
    this.permissions = policy;
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      managedPolicies: [policy],
    });
    this.function = new LambdaFunction(this, 'Function', {
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(code),
      role: role.withoutPolicyUpdates(),
      timeout: props.timeout,
      memorySize: props.memoryMb,
      ...(props.reservedConcurrency === undefined
        ? {}
        : { reservedConcurrentExecutions: props.reservedConcurrency }),
      environment: { ...props.environment },
      tracing: Tracing.ACTIVE,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      // Metric lines carry no level, which counts as INFO: above that, the platform would drop what alarms watch.
      // `LOG_LEVEL` filters in the function.
      applicationLogLevelV2:
        settings.logLevel === 'DEBUG' ? ApplicationLogLevel.DEBUG : ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel.WARN,
    });
    // The role already waits for its policy, and the function for its role: said once is enough.
    (this.function.node.defaultChild as CfnFunction).addDeletionOverride('DependsOn');
    accept(
      this.function,
      ['NIST.800.53.R5-LambdaInsideVPC', 'PCI.DSS.321-LambdaInsideVPC'],
      'The function talks to public AWS and Genesys Cloud endpoints only, over TLS; a VPC would add NAT gateways and slower starts, and protect nothing that is inside one.',
    );
    if (props.reservedConcurrency === undefined) {
      accept(
        this.function,
        ['NIST.800.53.R5-LambdaConcurrency'],
        'This environment reserves nothing, since a new account has a limit of 10 and could not deploy it; the throttle of the API bounds what it may use. Set reservedConcurrency where the account allows it.',
      );
    }
    accept(
      this.function,
      ['NIST.800.53.R5-LambdaDLQ', 'Serverless-LambdaDLQ'],
      'Never invoked asynchronously: API Gateway waits for the response, and the overflow queue has its own dead-letter queue.',
    );
  }

  private ownPolicy(): ManagedPolicy {
    const policy = new ManagedPolicy(this, 'Permissions');
    this.logGroup.grantWrite(policy);
    policy.addStatements(
      // X-Ray knows no resources.
      new PolicyStatement({
        actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
        resources: ['*'],
      }),
    );
    accept(
      policy,
      ['AwsSolutions-IAM5[Resource::*]'],
      'X-Ray offers no resource-level permissions for writing traces.',
    );
    return policy;
  }
}

/** The API function's own limit: above the budget it keeps by itself, so that it always answers. */
export const initTimeout = ({ initBudgetMs }: Pick<Settings, 'initBudgetMs'>): Duration =>
  Duration.seconds(Math.ceil(initBudgetMs / 1000) + 2);
