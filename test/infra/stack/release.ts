import { describe, expect, it } from '@jest/globals';
import { type Resource, type Stacks, synthesise } from '../template.ts';

export const releasesRollBack = ({ dev, prod, closed }: Stacks): void => {
  describe('a release', () => {
    const group = prod.one('AWS::CodeDeploy::DeploymentGroup').properties;

    it('takes over a tenth of the traffic for five minutes first in production', () => {
      expect(group.DeploymentConfigName).toBe('CodeDeployDefault.LambdaCanary10Percent5Minutes');
      expect(dev.one('AWS::CodeDeploy::DeploymentGroup').properties.DeploymentConfigName).toBe(
        'CodeDeployDefault.LambdaAllAtOnce',
      );
      expect(prod.one('AWS::Lambda::Alias').text).toMatch(/ReleaseLive|live/);
    });

    const rollbackAlarms = (): Resource['properties'][] =>
      group.AlarmConfiguration.Alarms.map(({ Name }: { Name: { Ref: string } }) => Name.Ref).map(
        (id: string) => prod.all('AWS::CloudWatch::Alarm').find((alarm) => alarm.id === id)?.properties,
      );

    it('is rolled back by signals of the new version only', () => {
      expect(group.AutoRollbackConfiguration).toEqual({
        Enabled: true,
        Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST', 'DEPLOYMENT_STOP_ON_ALARM'],
      });
      expect(group.AlarmConfiguration.Enabled).toBe(true);
      expect(rollbackAlarms().map(({ AlarmName }) => AlarmName)).toEqual([
        'guest-profiles-prod/new-version-crashes',
        'guest-profiles-prod/new-version-failures',
      ]);
    });

    it('is judged well before the canary is over', () => {
      const canaryMs = 5 * 60_000;
      for (const properties of rollbackAlarms()) {
        const { Period, Metrics, DatapointsToAlarm } = properties;
        const periods = Metrics?.flatMap(
          ({ MetricStat }: { MetricStat?: { Period: number } }) => MetricStat?.Period ?? [],
        ) ?? [Period];
        for (const seconds of periods) {
          expect(Number(seconds) * DatapointsToAlarm * 1000).toBeLessThanOrEqual(canaryMs / 2);
        }
      }
    });

    describe('by how much its failures exceed those of the old version', () => {
      const { Metrics, Threshold } = prod.one(
        'AWS::CloudWatch::Alarm',
        'Watchingnewversionfailures',
      ).properties;
      const { Expression } = Metrics.find((metric: { Expression?: string }) => metric.Expression);
      /** The very expression of the template; CloudWatch's IF, FILL and operators mean the same here. */
      const excess = (minute: {
        failedNew?: number;
        runsNew?: number;
        failedAll?: number;
        runsAll?: number;
      }): number =>
        new Function('IF', 'FILL', 'failedNew', 'runsNew', 'failedAll', 'runsAll', `return ${Expression}`)(
          (condition: boolean, yes: number, no: number) => (condition ? yes : no),
          (value: number | undefined, otherwise: number) => value ?? otherwise,
          minute.failedNew,
          minute.runsNew,
          minute.failedAll,
          minute.runsAll,
        );
      const rollsBack = (minute: Parameters<typeof excess>[0]) => excess(minute) > Threshold;

      it('rolls a dead version back, on staging’s traffic, too', () => {
        expect(rollsBack({ failedNew: 10, runsNew: 10, failedAll: 10, runsAll: 100 })).toBe(true);
        expect(rollsBack({ failedNew: 2, runsNew: 2, failedAll: 2, runsAll: 20 })).toBe(true);
      });
      it('rolls a version back that fails a third of its visitors', () => {
        expect(rollsBack({ failedNew: 10, runsNew: 30, failedAll: 11, runsAll: 300 })).toBe(true);
      });
      it('leaves a healthy version alone for one failure', () => {
        expect(rollsBack({ failedNew: 1, runsNew: 1, failedAll: 1, runsAll: 10 })).toBe(false);
        expect(rollsBack({ failedNew: 2, runsNew: 60, failedAll: 20, runsAll: 600 })).toBe(false);
      });
      it('lets a fix through while Genesys is down for both versions', () => {
        expect(rollsBack({ failedNew: 10, runsNew: 10, failedAll: 100, runsAll: 100 })).toBe(false);
        expect(rollsBack({ failedNew: 4, runsNew: 10, failedAll: 52, runsAll: 100 })).toBe(false);
      });
      it('says nothing where there is no traffic', () => {
        expect(excess({})).toBe(0);
      });
    });

    it('asks no alarm and takes over at once in an emergency', () => {
      const emergency = synthesise('prod', { emergency: true }, { check: false });
      const properties = emergency.one('AWS::CodeDeploy::DeploymentGroup').properties;
      expect(properties.DeploymentConfigName).toBe('CodeDeployDefault.LambdaAllAtOnce');
      expect(properties.AlarmConfiguration?.Alarms ?? []).toEqual([]);
      expect(properties.AutoRollbackConfiguration.Events).not.toContain('DEPLOYMENT_STOP_ON_ALARM');
    });

    it('keeps no containers warm while nobody is served', () => {
      expect(closed.all('AWS::ApplicationAutoScaling::ScalableTarget')).toEqual([]);
      expect(closed.one('AWS::Lambda::Alias').properties).not.toHaveProperty('ProvisionedConcurrencyConfig');
    });

    it('lets warm containers go when nobody asks: what nobody measures counts as 0', () => {
      const { TargetTrackingScalingPolicyConfiguration: tracking } = prod.one(
        'AWS::ApplicationAutoScaling::ScalingPolicy',
      ).properties;
      expect(tracking.CustomizedMetricSpecification.Metrics).toContainEqual(
        expect.objectContaining({ Expression: 'FILL(used, 0)', ReturnData: true }),
      );
      expect(tracking.TargetValue).toBe(0.7);
    });

    it('keeps containers warm in production, more of them under load', () => {
      expect(prod.one('AWS::Lambda::Alias').properties.ProvisionedConcurrencyConfig).toEqual({
        ProvisionedConcurrentExecutions: 2,
      });
      expect(prod.one('AWS::ApplicationAutoScaling::ScalableTarget').properties).toMatchObject({
        MinCapacity: 2,
        MaxCapacity: 50,
      });
      expect(dev.all('AWS::ApplicationAutoScaling::ScalableTarget')).toEqual([]);
    });
  });
};
