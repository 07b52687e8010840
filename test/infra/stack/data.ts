import { describe, expect, it } from '@jest/globals';
import { type Stacks, synthesise } from '../template.ts';

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
        DeletionProtectionEnabled: false,
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
        for (const { deletionPolicy } of prod.all(type)) expect(deletionPolicy).toBe('RetainExceptOnCreate');
        for (const { deletionPolicy } of dev.all(type)) expect(deletionPolicy).toBe('Delete');
      }
      for (const { properties } of dev.all('AWS::DynamoDB::GlobalTable')) {
        expect(properties.Replicas[0].DeletionProtectionEnabled).toBe(false);
      }
    });

    it('can be cleared away after a failed first deployment, and is protected once that is asked for', () => {
      expect(prod.stack.terminationProtection).toBe(false);
      expect(full.stack.terminationProtection).toBe(true);
      for (const { properties } of full.all('AWS::DynamoDB::GlobalTable')) {
        const home = properties.Replicas.find(({ Region }: { Region: string }) => Region === 'eu-central-1');
        expect(home.DeletionProtectionEnabled).toBe(true);
      }
    });

    it('never gives CloudFormation a reason to generate a live secret again', () => {
      // Frozen: a change of these two lines overwrites what operators put into the secret.
      const { id, properties } = prod.one('AWS::SecretsManager::Secret');
      expect(id).toBe('GenesysCredentialsC073EA52');
      expect(properties.GenerateSecretString).toEqual({
        SecretStringTemplate: '{"clientId":"REPLACE_ME","clientSecret":"REPLACE_ME"}',
        GenerateStringKey: 'placeholder',
      });
    });

    it('may be a restored registry, which the functions read and write with its own key', () => {
      const keyArn = 'arn:aws:kms:eu-central-1:111122223333:key/9c1f6a53-6d0d-4a53-8c8c-8f2c1c1e7a10';
      const restored = synthesise(
        'prod',
        { existingGuestTable: { name: 'guests-restored', keyArn } },
        { check: false },
      );
      expect(restored.outputs['GuestTableName']).toMatchObject({ Value: 'guests-restored' });
      for (const policy of ['InitPermissions', 'DrainPermissions']) {
        const { text } = restored.one('AWS::IAM::ManagedPolicy', policy);
        expect(text).toMatch(/dynamodb:UpdateItem.*table\/guests-restored/);
        expect(text).toContain(keyArn);
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
      for (const { text } of prod.all('AWS::SNS::Topic')) {
        expect(text).toMatch(/KmsMasterKeyId.*KeysOperations/);
      }
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
