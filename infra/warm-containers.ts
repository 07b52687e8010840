import { ArnFormat, Stack } from 'aws-cdk-lib';
import { CfnScalingPolicy, ScalableTarget, ServiceNamespace } from 'aws-cdk-lib/aws-applicationautoscaling';
import { Role } from 'aws-cdk-lib/aws-iam';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

interface WarmContainersProps {
  readonly alias: Alias;
  readonly min: number;
  readonly max: number;
  readonly targetUtilisationPercent: number;
}

/**
 * Provisioned concurrency that follows the load. Lambda writes no utilisation while nobody asks, and a target
 * tracking policy does not scale in on missing data: filled in with 0, a quiet night costs the least number only.
 * @see https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking-metric-math.html
 */
export class WarmContainers extends Construct {
  constructor(scope: Construct, id: string, props: WarmContainersProps) {
    super(scope, id);
    const { alias, min, max, targetUtilisationPercent } = props;
    const { functionName } = alias.lambda;
    const target = new ScalableTarget(this, 'Target', {
      serviceNamespace: ServiceNamespace.LAMBDA,
      scalableDimension: 'lambda:function:ProvisionedConcurrency',
      resourceId: `function:${functionName}:${alias.aliasName}`,
      minCapacity: min,
      maxCapacity: max,
      // The role that Application Auto Scaling makes by itself in every account.
      role: Role.fromRoleArn(
        this,
        'Role',
        Stack.of(this).formatArn({
          service: 'iam',
          region: '',
          arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
          resource: 'role/aws-service-role/lambda.application-autoscaling.amazonaws.com',
          resourceName: 'AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency',
        }),
      ),
    });
    target.node.addDependency(alias);
    new CfnScalingPolicy(this, 'Tracking', {
      policyName: 'utilisation',
      policyType: 'TargetTrackingScaling',
      scalingTargetId: target.scalableTargetId,
      targetTrackingScalingPolicyConfiguration: {
        targetValue: targetUtilisationPercent / 100,
        scaleInCooldown: 300,
        customizedMetricSpecification: {
          metrics: [
            {
              id: 'used',
              returnData: false,
              metricStat: {
                stat: 'Maximum',
                metric: {
                  namespace: 'AWS/Lambda',
                  metricName: 'ProvisionedConcurrencyUtilization',
                  dimensions: [
                    { name: 'FunctionName', value: functionName },
                    { name: 'Resource', value: `${functionName}:${alias.aliasName}` },
                  ],
                },
              },
            },
            { id: 'filled', expression: 'FILL(used, 0)', returnData: true },
          ],
        },
      },
    });
  }
}
