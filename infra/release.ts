import { Duration } from 'aws-cdk-lib';
import { type IAlarm, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { LambdaApplication, LambdaDeploymentConfig, LambdaDeploymentGroup } from 'aws-cdk-lib/aws-codedeploy';
import { Alias, type IVersion, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { accept } from './accepted-findings.ts';
import type { Settings } from './settings.ts';

const liveAlias = 'live';

interface ReleaseProps {
  readonly settings: Settings;
  readonly function: LambdaFunction;
}

/** The live alias, and how a new version takes it over: by canary, and back when an alarm fires. */
export class Release extends Construct {
  readonly live: Alias;
  private readonly settings: Settings;
  private readonly target: LambdaFunction;

  constructor(scope: Construct, id: string, { settings, function: target }: ReleaseProps) {
    super(scope, id);
    this.settings = settings;
    this.target = target;
    const { provisionedConcurrency: provisioned } = settings;
    this.live = new Alias(this, 'Live', {
      aliasName: liveAlias,
      version: target.currentVersion as IVersion,
      ...(provisioned === undefined ? {} : { provisionedConcurrentExecutions: provisioned.min }),
    });
    if (provisioned !== undefined) {
      this.live
        .addAutoScaling({ minCapacity: provisioned.min, maxCapacity: provisioned.max })
        .scaleOnUtilization({
          utilizationTarget: provisioned.targetUtilisationPercent / 100,
          scaleInCooldown: Duration.minutes(5),
        });
    }
  }

  /** Crashes of the version that is being released, whatever share of the traffic it has. */
  newestVersionErrors(): Metric {
    const { functionName, currentVersion } = this.target;
    return new Metric({
      namespace: 'AWS/Lambda',
      metricName: 'Errors',
      dimensionsMap: {
        FunctionName: functionName,
        Resource: `${functionName}:${liveAlias}`,
        ExecutedVersion: currentVersion.version,
      },
      statistic: 'Sum',
      period: Duration.minutes(1),
    });
  }

  /** Rolls a version back while one of these alarms fires. */
  rollBackOn(alarms: readonly IAlarm[]): LambdaDeploymentGroup {
    const group = new LambdaDeploymentGroup(this, 'Deployment', {
      application: new LambdaApplication(this, 'Application'),
      alias: this.live,
      deploymentConfig:
        this.settings.release === 'canary'
          ? LambdaDeploymentConfig.CANARY_10PERCENT_5MINUTES
          : LambdaDeploymentConfig.ALL_AT_ONCE,
      alarms: [...alarms],
      autoRollback: { failedDeployment: true, stoppedDeployment: true, deploymentInAlarm: true },
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
