import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { resolveTarget } from '../../../crm/store/resolve-target.ts';
import { isProductionName } from '../../../crm/store/target.ts';
import { type CrmTables, startCrmTables } from '../support/crm-tables.ts';
import { temporaryFolder, tool } from '../support/tool.ts';

const folder = temporaryFolder();
let tables: CrmTables;
beforeAll(async () => {
  tables = await startCrmTables();
});
afterAll(async () => {
  await tables.close();
  folder.remove();
});

describe('the target', () => {
  /** Runs `work` with a CloudFormation that has one stack. */
  const withStack = async (
    outputs: Readonly<Record<string, string>>,
    work: (asked: () => string) => Promise<void>,
  ): Promise<void> => {
    const members = Object.entries(outputs).map(
      ([name, value]) => `<member><OutputKey>${name}</OutputKey><OutputValue>${value}</OutputValue></member>`,
    );
    let asked = '';
    const server = createServer((request, response) => {
      asked += request.headers.authorization;
      request.on('data', (chunk) => {
        asked += chunk;
      });
      request.on('end', () => {
        response.setHeader('Content-Type', 'text/xml');
        response.end(
          `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackName>GuestProfiles-prod</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs>${members.join('')}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const settings = {
      AWS_ENDPOINT_URL_CLOUDFORMATION: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_ACCESS_KEY_ID: 'x',
      AWS_SECRET_ACCESS_KEY: 'x',
    };
    Object.assign(process.env, settings);
    try {
      await work(() => asked);
    } finally {
      for (const name of Object.keys(settings)) delete process.env[name];
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  };

  it('comes from the outputs of a stack', async () => {
    const outputs = {
      CrmTableName: 'crm-1',
      GuestTableName: 'guests-1',
      GenesysSecretArn: 'arn:secret',
      GuestProvider: 'web-messaging',
      GenesysBaseUrl: 'https://api.mypurecloud.de',
      EnvironmentName: 'production',
    };
    await withStack(outputs, async (asked) => {
      const target = await resolveTarget(
        { env: 'prod', region: 'eu-central-1', secretId: 'other' },
        {},
        folder.path,
      );
      expect(asked()).toContain('StackName=GuestProfiles-prod');
      expect(target).toMatchObject({
        isProduction: true,
        foreignTable: false,
        crmTableName: 'crm-1',
        guestTableName: 'guests-1',
        secretId: 'other',
        genesys: { provider: 'web-messaging', baseUrl: 'https://api.mypurecloud.de' },
      });
    });
  });

  it('is judged after all overrides: staging with the table of production is production', async () => {
    await withStack({ CrmTableName: 'GuestProfiles-staging-crm' }, async () => {
      const named = async (table: string) => await resolveTarget({ env: 'staging', table }, {}, folder.path);
      expect(await named('GuestProfiles-prod-crm')).toMatchObject({ isProduction: true, foreignTable: true });
      expect(await named('whose-is-this')).toMatchObject({ isProduction: false, foreignTable: true });
      expect(await named('GuestProfiles-staging-crm')).toMatchObject({
        isProduction: false,
        foreignTable: false,
      });
      const file = folder.file('sessionId,email\na,a@b.de\n');
      for (const table of ['GuestProfiles-prod-crm', 'whose-is-this']) {
        const { notes, code } = await tool(['import', file, '--env', 'staging', '--table', table]);
        expect(notes).toContain('a table that does not belong to environment staging');
        expect(notes).toContain('Nobody is here to confirm it: add --yes.');
        expect(code).toBe(2);
      }
    });
  });

  it('needs --env alone: the region is the one that the environment is deployed to', async () => {
    await withStack({ CrmTableName: 'crm-1' }, async (asked) => {
      await resolveTarget({ env: 'dev' }, {}, folder.path);
      expect(asked()).toContain('/eu-central-1/cloudformation/');
    });
  });

  it('is the local stack while that runs', async () => {
    mkdirSync(join(folder.path, '.local'));
    const stack = {
      region: 'us-east-1',
      endpoints: {
        dynamodb: tables.url,
        secretsManager: 'http://127.0.0.1:1',
        sqs: 'http://127.0.0.1:1',
        genesys: 'http://127.0.0.1:1',
      },
      tables: { crm: tables.crmTableName, guests: tables.guestTableName },
      secretId: 'secret',
      provider: 'webchat-v1',
      gatewayUrl: 'http://127.0.0.1:1',
    };
    writeFileSync(join(folder.path, '.local', 'stack.json'), JSON.stringify(stack));
    const { out, code } = await tool(['stats', '--env', 'local'], { folder: folder.path });
    expect(out).toContain(`the local stack, table ${tables.crmTableName}`);
    expect(code).toBe(0);
    writeFileSync(join(folder.path, '.local', 'stack.json'), '{}');
    expect((await tool(['stats', '--env', 'local'], { folder: folder.path })).notes).toContain('is damaged');
  });

  it('is known as production by its name', () => {
    expect(['prod', 'production', 'GuestProfiles-prod-Crm', 'crm_production'].every(isProductionName)).toBe(
      true,
    );
    expect(['staging', 'products', 'reproduce', 'dev'].some(isProductionName)).toBe(false);
  });
});
