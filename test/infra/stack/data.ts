import { describe, expect, it } from '@jest/globals';
import type { Stacks } from '../template.ts';

const keptTypes = [
  'AWS::DynamoDB::GlobalTable',
  'AWS::SecretsManager::Secret',
  'AWS::KMS::Key',
  'AWS::SQS::Queue',
  'AWS::Logs::LogGroup',
];

export const dataIsKept = ({ dev, prod, full }: Stacks): void => {
  describe('data', () => {
    it.each(['TablesCrm', 'TablesGuests'])('%s is on demand, recoverable, encrypted, and expires', (id) => {
      const { properties } = prod.one('AWS::DynamoDB::GlobalTable', id);
      expect(properties.BillingMode).toBe('PAY_PER_REQUEST');
      expect(properties.KeySchema).toEqual([{ AttributeName: 'sessionHash', KeyType: 'HASH' }]);
      expect(properties.TimeToLiveSpecification).toEqual({ AttributeName: 'expiresAt', Enabled: true });
      expect(properties.SSESpecification).toEqual({ SSEEnabled: true, SSEType: 'KMS' });
      expect(properties.Replicas).toHaveLength(1);
      expect(properties.Replicas[0]).toMatchObject({
        Region: 'eu-central-1',
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: true,
        SSESpecification: {
          KMSMasterKeyId: { 'Fn::GetAtt': [expect.stringMatching(/^KeysData/), 'Arn'] },
        },
      });
    });

    it('has a copy in another region where an environment asks for one', () => {
      const { properties } = full.one('AWS::DynamoDB::GlobalTable', 'TablesCrm');
      expect(properties.Replicas.map(({ Region }: { Region: string }) => Region).sort()).toEqual([
        'eu-central-1',
        'eu-west-1',
      ]);
    });

    it('outlives the stack in production, and goes with it in development', () => {
      for (const type of keptTypes) {
        for (const { deletionPolicy } of prod.all(type)) expect(deletionPolicy).toMatch(/^Retain/);
        for (const { deletionPolicy } of dev.all(type)) expect(deletionPolicy).toBe('Delete');
      }
      for (const { properties } of dev.all('AWS::DynamoDB::GlobalTable')) {
        expect(properties.Replicas[0].DeletionProtectionEnabled).toBe(false);
      }
    });

    it('is encrypted by keys of the environment that rotate', () => {
      expect(prod.all('AWS::KMS::Key').map(({ properties }) => properties.EnableKeyRotation)).toEqual([
        true,
        true,
      ]);
      expect(prod.one('AWS::SecretsManager::Secret').text).toContain('KeysData');
      for (const { text } of prod.all('AWS::SQS::Queue')) expect(text).toMatch(/KmsMasterKeyId.*KeysData/);
      for (const { text } of prod.all('AWS::Logs::LogGroup'))
        expect(text).toMatch(/KmsKeyId.*KeysOperations/);
      expect(prod.one('AWS::SNS::Topic').text).toMatch(/KmsMasterKeyId.*KeysOperations/);
    });

    it('keeps logs for as long as the environment says', () => {
      const retention = (stack: typeof prod) =>
        new Set(stack.all('AWS::Logs::LogGroup').map(({ properties }) => properties.RetentionInDays));
      expect(retention(prod)).toEqual(new Set([90]));
      expect(retention(dev)).toEqual(new Set([14]));
    });

    it('uses an existing secret where one is named, and makes none', () => {
      expect(full.all('AWS::SecretsManager::Secret')).toEqual([]);
      expect(JSON.stringify(full.outputs['GenesysSecretArn'])).toContain('secret:shared/genesys');
    });

    it('gives a message that no worker can read to the dead letters, after the worker had its ten deliveries', () => {
      const queue = prod.one('AWS::SQS::Queue', 'OverflowQueue').properties;
      expect(queue.RedrivePolicy.maxReceiveCount).toBeGreaterThan(10);
      expect(JSON.stringify(queue.RedrivePolicy.deadLetterTargetArn)).toContain('OverflowDeadLetters');
      expect(prod.one('AWS::SQS::Queue', 'OverflowDeadLetters').properties.MessageRetentionPeriod).toBe(
        1_209_600,
      );
    });
  });
};
