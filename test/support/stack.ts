import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DeleteItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { itemFromRecord } from '../../lambda/aws/crm-item.ts';
import type { CrmRecord } from '../../lambda/guest/crm-record.ts';
import { hashSession } from '../../lambda/guest/session-hash.ts';
import { localCredentials, localRegion } from '../../local/embedded-dynamodb.ts';
import { startGenesysSimulator } from '../../local/genesys-simulator.ts';
import { startTestTables } from './dynamodb.ts';
import { restEvent } from './http-world.ts';
import {
  type ContainerOptions,
  type InvokeOptions,
  type LambdaContainer,
  startContainer,
} from './lambda-container.ts';
import { startTestSecret } from './secret.ts';

export type FunctionName = 'init' | 'drain' | 'resolve';

/** The built bundle of a function. */
export const bundleOf = (name: FunctionName): string => {
  const file = fileURLToPath(new URL(`../../dist/lambda/${name}/index.mjs`, import.meta.url));
  if (!existsSync(file)) throw new Error('The bundles are not built: run `npm run build` first.');
  return file;
};

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: a JSON body is looked into freely by tests
  readonly body: any;
  readonly durationMs: number;
}

/** The bundles that are deployed, against AWS services, embedded or foreign, and the Genesys simulator. */
export const startStack = async (environment: Readonly<Record<string, string>> = {}) => {
  const credentials = { clientId: 'client-1', clientSecret: 'the-client-secret' };
  const [tables, secret, genesys] = await Promise.all([
    startTestTables(),
    startTestSecret(JSON.stringify(credentials)),
    startGenesysSimulator({ credentials, apiPerMinute: null }),
  ]);
  const { client, crmTableName: crmTable, guestTableName: guestTable } = tables;
  const containers: LambdaContainer[] = [];
  const stopContainers = async (): Promise<void> => {
    await Promise.all(containers.map(async (container) => await container.stop()));
  };
  const env: Readonly<Record<string, string>> = {
    AWS_REGION: localRegion,
    AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
    AWS_ENDPOINT_URL_DYNAMODB: tables.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: secret.url,
    GENESYS_SECRET_ID: secret.id,
    CRM_TABLE_NAME: crmTable,
    GUEST_TABLE_NAME: guestTable,
    ALLOWED_ORIGINS: 'https://www.example.com',
    GENESYS_BASE_URL: genesys.url,
    LOG_LEVEL: 'DEBUG',
    ...environment,
  };

  return {
    tables,
    crmTable,
    guestTable,
    secret,
    /** Rotates the secret: these fields beside the client's id and secret, or instead of them. */
    putSecret: async (fields: object = {}): Promise<void> =>
      await secret.put(JSON.stringify({ ...credentials, ...fields })),
    genesys,
    client,
    credentials,
    env,
    /** A cold container of one of the functions. */
    container: async (
      more: Readonly<Record<string, string>> = {},
      name: FunctionName = 'init',
      options: ContainerOptions = {},
    ): Promise<LambdaContainer> => {
      const started = await startContainer(bundleOf(name), { ...env, ...more }, options);
      containers.push(started);
      return started;
    },
    seed: async (sessionId: string, record: CrmRecord): Promise<void> => {
      const [sessionHash] = hashSession(sessionId, []);
      await client.send(
        new PutItemCommand({ TableName: crmTable, Item: itemFromRecord(sessionHash, record) }),
      );
    },
    /** Removes the fleet's OAuth token, and what is remembered of failures at the token endpoint. */
    forgetToken: async (): Promise<void> => {
      const { Items: items = [] } = await client.send(new ScanCommand({ TableName: guestTable }));
      for (const { sessionHash } of items) {
        if (sessionHash?.S?.startsWith('oauth#') !== true) continue;
        await client.send(new DeleteItemCommand({ TableName: guestTable, Key: { sessionHash } }));
      }
    },
    /** Everything that the containers have written. */
    output: (): string => containers.map((container) => container.output()).join('\n'),
    /** Ends the containers and reads to the end what they wrote; the services go on. */
    stopContainers,
    stop: async (): Promise<void> => {
      await stopContainers();
      await Promise.all([tables.close(), secret.close(), genesys.close()]);
    },
  };
};
export type Stack = Awaited<ReturnType<typeof startStack>>;

/** Posts a body to a container, as API Gateway would. */
export const post = async (
  container: LambdaContainer,
  body: unknown,
  event: Parameters<typeof restEvent>[1] = {},
  options?: InvokeOptions,
): Promise<Answer> => {
  const startedMs = performance.now();
  const {
    statusCode,
    headers,
    body: text,
  } = await container.invoke<{
    statusCode: number;
    headers: Record<string, string>;
    body: string;
  }>(restEvent(body, event), options);
  return {
    status: statusCode,
    headers,
    body: text === '' ? undefined : JSON.parse(text),
    durationMs: performance.now() - startedMs,
  };
};

/** EMF metrics in a container's output: the sum of each. */
export const metricsIn = (output: string): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const line of output.split('\n').filter((text) => text.startsWith('{"_aws"'))) {
    const emf = JSON.parse(line);
    for (const { Name: name } of emf._aws.CloudWatchMetrics[0].Metrics) {
      for (const value of [emf[name]].flat()) sums[name] = (sums[name] ?? 0) + value;
    }
  }
  return sums;
};
