import { type IAlarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaApplication, LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { Alias, type IVersion, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { accept } from './accepted-findings.ts';
import type { DeployedSettings } from './command-line.ts';
import { WarmContainers } from './warm-containers.ts';
import { minute } from './watching/alarm-definition.ts';

const liveAlias = 'live';

interface ReleaseProps {
  readonly settings: DeployedSettings;
  readonly function: LambdaFunction;
  readonly logGroup: ILogGroup;
}

/** The live alias, and how a new version takes it over: by canary, and back when that version fails. */
export class Release extends Construct {
  readonly live: Alias;
  private readonly settings: DeployedSettings;
  private readonly target: LambdaFunction;
  private readonly failuresOfNewest: MetricFilter;

  constructor(scope: Construct, id: string, { settings, function: target, logGroup }: ReleaseProps) {
    super(scope, id);
    this.settings = settings;
    this.target = target;
    const provisioned = settings.closed ? undefined : settings.provisionedConcurrency;
    this.live = new Alias(this, 'Live', {
      aliasName: liveAlias,
      version: target.currentVersion as IVersion,
      ...(provisioned === undefined ? {} : { provisionedConcurrentExecutions: provisioned.min }),
    });
    if (provisioned !== undefined) new WarmContainers(this, 'Warm', { alias: this.live, ...provisioned });
    // Lambda's own metrics count crashes by version; a response 5xx is no crash. The function's metric lines name
    // their version, and this counts those of the newest: one metric, instead of a dimension on each.
    this.failuresOfNewest = new MetricFilter(this, 'FailuresOfNewest', {
      logGroup,
      filterPattern: FilterPattern.literal(
        `{ $.Failed > 0 && $.version = "${target.currentVersion.version}" }`,
      ),
      metricNamespace: `GuestProfiles/${settings.name}`,
      metricName: 'FailedOfNewestVersion',
      metricValue: '1',
    });
    // Bound before traffic: the alias waits for it.
    this.live.node.addDependency(this.failuresOfNewest);
  }

  /** One of Lambda's own metrics, of the version that is being released, whatever share of the traffic it has. */
  ofNewestVersion(metricName: 'Errors' | 'Invocations'): Metric {
    return this.lambdaMetric(metricName, { ExecutedVersion: this.target.currentVersion.version });
  }

  /** Requests of both versions together. */
  invocations(): Metric {
    return this.lambdaMetric('Invocations', {});
  }

  /** Responses 5xx of the version that is being released. */
  failures(): Metric {
    return this.failuresOfNewest.metric({ statistic: 'Sum', period: minute }) as Metric;
  }

  private lambdaMetric(metricName: string, more: Readonly<Record<string, string>>): Metric {
    const { functionName } = this.target;
    return new Metric({
      namespace: 'AWS/Lambda',
      metricName,
      dimensionsMap: { FunctionName: functionName, Resource: `${functionName}:${liveAlias}`, ...more },
      statistic: 'Sum',
      period: minute,
    });
  }

  /** Rolls a version back while one of these alarms fires; in an emergency none is asked. */
  rollBackOn(alarms: readonly IAlarm[]): LambdaDeploymentGroup {
    const { emergency, release } = this.settings;
    const group = new LambdaDeploymentGroup(this, 'Deployment', {
      application: new LambdaApplication(this, 'Application'),
      alias: this.live,
      deploymentConfig:
        release === 'canary' && !emergency
          ? LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES
          : LambdaDeploymentConfig.ALL_AT_ONCE,
      alarms: emergency ? [] : [...alarms],
      autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: !emergency },
    });
    if (group.role !== undefined) {
      accept(
        group.role,
        [
          'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]',
        ],
        "AWS' own narrowest policy for CodeDeploy with Lambda; CodeDeploy needs it to shift the alias.",
      );
    }
    return group;
  }
}
