import { afterAll, describe, expect, it } from '@jest/globals';
import { dataIsKept } from './stack/data.ts';
import { edgeAnswers } from './stack/edge.ts';
import { firewallRefuses } from './stack/firewall.ts';
import { functionsRun } from './stack/functions.ts';
import { permissionsAreLeast } from './stack/permissions.ts';
import { releasesRollBack } from './stack/release.ts';
import { findingsAreAccepted } from './stack/rule-packs.ts';
import { operatorsAreTold } from './stack/watching.ts';
import {
  everyOption,
  importedTable,
  removeTemplates,
  type Stacks,
  type SynthesisedStack,
  synthesise,
} from './template.ts';

// One file for all: loading the CDK takes longer than all these checks.
afterAll(removeTemplates);

const stacks: Stacks = {
  dev: synthesise('dev'),
  staging: synthesise('staging'),
  prod: synthesise('prod'),
  closed: synthesise('prod', { closed: true }),
  full: synthesise('prod', everyOption),
};

describe('a template', () => {
  it.each(Object.entries(stacks))(
    'of %s stays below the limits of CloudFormation',
    (_name, { text, all }) => {
      expect(Buffer.byteLength(text)).toBeLessThan(1_000_000);
      expect(all().length).toBeLessThan(500);
    },
  );

  it.each(Object.entries(stacks))(
    'of %s holds no secret but the placeholder',
    (_name, { text, all }: SynthesisedStack) => {
      expect(text).not.toMatch(/"SecretString"|AKIA[A-Z0-9]{16}|clientSecret\\?":\\?"(?!REPLACE_ME)/);
      const templates = all('AWS::SecretsManager::Secret').map(
        ({ properties }) => properties.GenerateSecretString.SecretStringTemplate,
      );
      for (const template of templates) {
        expect(JSON.parse(template)).toEqual({ clientId: 'REPLACE_ME', clientSecret: 'REPLACE_ME' });
      }
    },
  );

  it('is the same when it is synthesised again', () => {
    expect(synthesise('prod', {}, { check: false }).text).toBe(stacks.prod.text);
  });

  it('uses a CRM table that exists already, and leaves it alone', () => {
    const { all, outputs } = synthesise('prod', importedTable, { check: false });
    expect(all('AWS::DynamoDB::GlobalTable').map(({ id }) => id)).toEqual([
      expect.stringMatching(/^TablesGuests/),
    ]);
    expect(outputs['CrmTableName']?.Value).toBe('customers-2026-11');
    const functions = all('AWS::Lambda::Function').filter(
      ({ properties }) => properties.Environment?.Variables?.CRM_TABLE_NAME !== undefined,
    );
    expect(functions.map(({ properties }) => properties.Environment.Variables.CRM_TABLE_NAME)).toEqual([
      'customers-2026-11',
      'customers-2026-11',
    ]);
    // Both functions and the CRM team may use it, and the key that it is encrypted with.
    const grants = all().filter(({ text }) => /dynamodb:BatchGetItem.*table\/customers-2026-11/.test(text));
    expect(grants).toHaveLength(3);
    for (const { text } of grants) expect(text).toContain('key/7a1f6a53-6d0d-4a53-8c8c-8f2c1c1e7a10');
  });

  it('leaves physical names to CloudFormation, except where a name is what the resource is about', () => {
    const named = stacks.prod
      .all()
      .filter(({ type, properties }) => {
        const kind = type.split('::').at(-1) ?? '';
        return [`${kind}Name`, 'TableName', 'ManagedPolicyName'].some((key) => key in (properties ?? {}));
      })
      .filter(({ type }) => !/Alarm$/.test(type))
      .map(({ id }) => id);
    // Alarms have names that a pager can show. A stage's name is part of the URL; API Gateway alone decides what its execution log is called.
    expect(named).toEqual([
      expect.stringMatching(/^ApiRestDeploymentStagelive/),
      expect.stringMatching(/^ApiExecutionLog/),
      // A bookmark of the dashboard survives.
      expect.stringMatching(/^WatchingDashboard/),
    ]);
  });

  it('tells the tools of operators and CRM team what they need', () => {
    expect(Object.keys(stacks.dev.outputs)).toEqual(
      expect.arrayContaining([
        'ApiUrl',
        'CrmTableName',
        'DashboardName',
        'DeploymentGroup',
        'InitFunctionName',
        'InitLogGroup',
        'EnvironmentName',
        'GenesysBaseUrl',
        'GenesysLoginUrl',
        'GenesysSecretArn',
        'GuestProvider',
        'GuestTableName',
        'OverflowQueueUrl',
      ]),
    );
    expect(stacks.dev.outputs['EnvironmentName']).toMatchObject({ Value: 'dev' });
    for (const { Description } of Object.values(stacks.dev.outputs)) expect(Description).toMatch(/\w/);
    expect(stacks.full.outputs['ApiUrl']).toMatchObject({ Value: 'https://chat.example.com' });
    expect(stacks.full.outputs['GenesysLoginUrl']).toMatchObject({ Value: 'https://login.mypurecloud.de' });
  });
});

permissionsAreLeast(stacks);
dataIsKept(stacks);
functionsRun(stacks);
releasesRollBack(stacks);
edgeAnswers(stacks);
firewallRefuses(stacks);
operatorsAreTold(stacks);
findingsAreAccepted(stacks);
