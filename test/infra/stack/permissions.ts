import { describe, expect, it } from '@jest/globals';
import type { Stacks, SynthesisedStack } from '../template.ts';

const listed = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);

/** Resource of a statement as the beginning of the logical id that it names. */
const resourceName = (resource: unknown): string => {
  if (typeof resource === 'string') return resource;
  const text = JSON.stringify(resource);
  return /"(?:Ref|Fn::GetAtt)":\[?"([A-Za-z:]+?)[0-9A-F]{8}?"/.exec(text)?.[1] ?? text;
};

/** Resource → the actions allowed on it. */
const allowedBy = (stack: SynthesisedStack, policy: string): Record<string, string[]> =>
  Object.fromEntries(
    stack
      .one('AWS::IAM::ManagedPolicy', policy)
      .properties.PolicyDocument.Statement.map((statement: Record<string, never>) => {
        expect(statement['Effect']).toBe('Allow');
        return [resourceName(statement['Resource']), listed(statement['Action'] ?? []).sort()];
      }),
  );

const useKey = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];
const trace = ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'];
const registry = [
  'dynamodb:BatchGetItem',
  'dynamodb:DeleteItem',
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
];
const log = ['logs:CreateLogStream', 'logs:PutLogEvents'];

export const permissionsAreLeast = ({ prod, full }: Stacks): void => {
  describe('permissions', () => {
    it('let the API function read the CRM table, use the registry, read one secret, send to one queue, no more', () => {
      expect(allowedBy(prod, 'InitPermissions')).toEqual({
        TablesCrm: ['dynamodb:BatchGetItem'],
        TablesGuests: registry,
        GenesysCredentials: ['secretsmanager:GetSecretValue'],
        OverflowQueue: ['sqs:GetQueueAttributes', 'sqs:SendMessage'],
        KeysData: useKey,
        InitLogs: log,
        '*': trace,
      });
    });

    it('let the overflow worker receive from the queue instead, and not send', () => {
      expect(allowedBy(prod, 'DrainPermissions')).toEqual({
        TablesCrm: ['dynamodb:BatchGetItem'],
        TablesGuests: registry,
        GenesysCredentials: ['secretsmanager:GetSecretValue'],
        OverflowQueue: [
          'sqs:ChangeMessageVisibility',
          'sqs:DeleteMessage',
          'sqs:GetQueueAttributes',
          'sqs:ReceiveMessage',
        ],
        KeysData: useKey,
        DrainLogs: log,
        '*': trace,
      });
    });

    it('let the CRM team write its records and erase registry entries, and not create any', () => {
      expect(allowedBy(prod, 'CrmTeamRecords')).toEqual({
        TablesCrm: [
          'dynamodb:BatchGetItem',
          'dynamodb:BatchWriteItem',
          'dynamodb:DeleteItem',
          'dynamodb:DescribeTable',
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:Scan',
          'dynamodb:UpdateItem',
        ],
        TablesGuests: ['dynamodb:BatchGetItem', 'dynamodb:DeleteItem', 'dynamodb:GetItem'],
        KeysData: useKey,
        [resourceName({ Ref: 'AWS::StackId' })]: ['cloudformation:DescribeStacks'],
        '*': ['cloudwatch:GetMetricData'],
      });
    });

    it('give the secret to the CRM team by a policy of its own', () => {
      expect(allowedBy(prod, 'CrmTeamSecret')).toEqual({
        GenesysCredentials: ['secretsmanager:GetSecretValue'],
        KeysData: ['kms:Decrypt'],
      });
    });

    it('let Genesys’ account invoke the agent’s view, and only on behalf of the one organisation', () => {
      const { properties } = full.one('AWS::IAM::Role', 'AgentViewRole');
      expect(properties.AssumeRolePolicyDocument.Statement).toEqual([
        {
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'sts:ExternalId': '3c2f8a1e-8f0d-4c0a-9a51-6d2b7c1e0f44' } },
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::765628985471:root' },
        },
      ]);
      expect(allowedBy(full, 'AgentViewInvoke')).toEqual({ AgentViewLive: ['lambda:InvokeFunction'] });
      const alias = full.one('AWS::Lambda::Alias', 'AgentViewLive');
      expect(full.outputs['ResolveFunctionArn']?.Value).toEqual({ Ref: alias.id });
    });

    it('let the agent’s view neither send to the queue nor receive from it', () => {
      expect(full.one('AWS::IAM::ManagedPolicy', 'ResolvePermissions').text).not.toContain('sqs:');
      expect(
        prod
          .all('AWS::IAM::ManagedPolicy')
          .map(({ id }) => id)
          .join(),
      ).not.toContain('Resolve');
    });

    it('give a pipeline what preflight needs after a deployment, no more', () => {
      expect(allowedBy(prod, 'DeployerChecks')).toEqual({
        [resourceName({ Ref: 'AWS::StackId' })]: ['cloudformation:DescribeStacks'],
        GenesysCredentials: ['secretsmanager:GetSecretValue'],
        KeysData: ['kms:Decrypt'],
        '*': ['lambda:GetAccountSettings'],
      });
    });

    it('name an existing secret as closely as its name allows', () => {
      const text = full.one('AWS::IAM::ManagedPolicy', 'InitPermissions').text;
      expect(text).toContain('secret:shared/genesys-??????');
    });

    it('hang on roles that only the one service may assume, without inline policies', () => {
      expect(prod.all('AWS::IAM::Policy')).toEqual([]);
      const principals = prod
        .all('AWS::IAM::Role')
        .map(({ id, properties }) => [
          id.replace(/[0-9A-F]{8}$/, ''),
          properties.AssumeRolePolicyDocument.Statement[0].Principal.Service,
          properties.Policies,
        ]);
      expect(principals.sort()).toEqual([
        ['ApiRestCloudWatchRole', 'apigateway.amazonaws.com', undefined],
        ['DrainRole', 'lambda.amazonaws.com', undefined],
        ['InitRole', 'lambda.amazonaws.com', undefined],
        ['ReleaseDeploymentServiceRole', 'codedeploy.amazonaws.com', undefined],
      ]);
    });

    it('let API Gateway call the live alias of the function for this route only', () => {
      const [permission, ...others] = prod.all('AWS::Lambda::Permission');
      expect(others).toEqual([]);
      expect(permission?.properties.FunctionName).toEqual({ Ref: expect.stringMatching(/^ReleaseLive/) });
      expect(JSON.stringify(permission?.properties.SourceArn)).toContain('/POST/api/webchat/init');
    });

    it('let nobody talk to queue and topic without TLS', () => {
      const policies = [...prod.all('AWS::SQS::QueuePolicy'), ...prod.all('AWS::SNS::TopicPolicy')];
      expect(policies).toHaveLength(4);
      for (const { text } of policies) expect(text).toContain('"aws:SecureTransport":"false"');
    });
  });
};
