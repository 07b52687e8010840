import { describe, expect, it } from '@jest/globals';
import type { Stacks } from '../template.ts';

export const releasesRollBack = ({ dev, prod }: Stacks): void => {
  describe('a release', () => {
    const group = prod.one('AWS::CodeDeploy::DeploymentGroup').properties;

    it('takes over a tenth of the traffic for five minutes first in production', () => {
      expect(group.DeploymentConfigName).toBe('CodeDeployDefault.LambdaCanary10Percent5Minutes');
      expect(dev.one('AWS::CodeDeploy::DeploymentGroup').properties.DeploymentConfigName).toBe(
        'CodeDeployDefault.LambdaAllAtOnce',
      );
      expect(prod.one('AWS::Lambda::Alias').text).toMatch(/ReleaseLive|live/);
    });

    it('rolls itself back when crashes, failures or server errors ring an alarm', () => {
      expect(group.AutoRollbackConfiguration).toEqual({
        Enabled: true,
        Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST', 'DEPLOYMENT_STOP_ON_ALARM'],
      });
      const alarms = group.AlarmConfiguration.Alarms.map(({ Name }: { Name: { Ref: string } }) => Name.Ref);
      expect(group.AlarmConfiguration.Enabled).toBe(true);
      expect(alarms).toHaveLength(3);
      const described = alarms.map(
        (id: string) => prod.all('AWS::CloudWatch::Alarm').find((alarm) => alarm.id === id)?.text,
      );
      for (const anchor of ['#new-version-errors', '#release-failures', '#gateway-errors']) {
        expect(described.some((text: string | undefined) => text?.includes(anchor))).toBe(true);
      }
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
