import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import * as v from 'valibot';
import { UserError } from '../problem.ts';
import { isProductionName, type Target, type TargetOptions } from './target.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const stackSchema = v.object({
  region: v.string(),
  endpoints: v.object({
    dynamodb: v.string(),
    secretsManager: v.string(),
    genesys: v.optional(v.string()),
  }),
  tables: v.object({ crm: v.string(), guests: v.string() }),
  secretId: v.string(),
  provider: v.optional(v.string()),
  externalSourceId: v.optional(v.string()),
});

const localCredentials = { accessKeyId: 'local', secretAccessKey: 'local' };

const localTarget = async (stackFile: string): Promise<Target> => {
  const text = await readFile(stackFile, 'utf8').catch(() => {
    throw new UserError('The local stack is not running: start it with "npm start" in another terminal.');
  });
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), stackSchema), text);
  if (!parsed.success) throw new UserError('.local/stack.json is damaged: start the local stack again.');
  const { region, endpoints, tables, secretId, provider = 'webchat-v1', externalSourceId } = parsed.output;
  return {
    label: 'the local stack',
    environment: 'local',
    isProduction: false,
    isLocal: true,
    crmTableName: tables.crm,
    guestTableName: tables.guests,
    secretId,
    genesys:
      endpoints.genesys === undefined
        ? undefined
        : { provider, baseUrl: endpoints.genesys, loginUrl: endpoints.genesys, externalSourceId },
    aws: { region, credentials: localCredentials, endpoints },
  };
};

const stackOutputs = async (
  env: string,
  { region, profile }: TargetOptions,
): Promise<Map<string, string>> => {
  const client = new CloudFormationClient({
    ...(region !== undefined && { region }),
    ...(profile !== undefined && { profile }),
  });
  const stack = `GuestProfiles-${env}`;
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    return new Map(
      (Stacks?.[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
    );
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError') {
      throw new UserError(
        `There is no stack ${stack} in this account and region: check --env, --region and --profile.`,
      );
    }
    throw error;
  } finally {
    client.destroy();
  }
};

const stackTarget = async (env: string, options: TargetOptions): Promise<Target> => {
  const outputs = await stackOutputs(env, options);
  const crmTableName = outputs.get('CrmTableName');
  if (crmTableName === undefined)
    throw new UserError(`The stack of environment ${env} has no output CrmTableName.`);
  const { region, profile } = options;
  const baseUrl = outputs.get('GenesysBaseUrl');
  const environment = outputs.get('EnvironmentName') ?? env;
  return {
    label: `environment ${env}`,
    environment,
    isProduction: isProductionName(env) || isProductionName(environment),
    isLocal: false,
    crmTableName,
    guestTableName: outputs.get('GuestTableName'),
    secretId: outputs.get('GenesysSecretArn'),
    genesys:
      baseUrl === undefined
        ? undefined
        : {
            provider: outputs.get('GuestProvider') ?? 'webchat-v1',
            baseUrl,
            loginUrl: outputs.get('GenesysLoginUrl'),
            externalSourceId: outputs.get('ExternalSourceId'),
          },
    aws: {
      ...(region !== undefined && { region }),
      ...(profile !== undefined && { profile }),
      endpoints: {},
    },
  };
};

const isLoopback = (url: string): boolean =>
  URL.canParse(url) && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);

const tableTarget = (table: string, options: TargetOptions, environment: Environment): Target => {
  const { endpoint, profile } = options;
  const isLocal = endpoint !== undefined && isLoopback(endpoint);
  const region =
    options.region ??
    environment['AWS_REGION'] ??
    environment['AWS_DEFAULT_REGION'] ??
    (isLocal ? 'us-east-1' : undefined);
  const hasCredentials = profile !== undefined || environment['AWS_ACCESS_KEY_ID'] !== undefined;
  return {
    label: `table ${table}${region === undefined ? '' : ` in ${region}`}`,
    environment: undefined,
    isProduction: !isLocal && isProductionName(table),
    isLocal,
    crmTableName: table,
    guestTableName: options.guestTable,
    secretId: undefined,
    genesys: undefined,
    aws: {
      ...(region !== undefined && { region }),
      ...(profile !== undefined && { profile }),
      ...(isLocal && !hasCredentials && { credentials: localCredentials }),
      endpoints: endpoint === undefined ? {} : { dynamodb: endpoint },
    },
  };
};

/**
 * Finds out where a command works: from `--env`, or from `--table` and its companions; single options override.
 * @returns undefined when no target was named
 * @throws UserError when it does not exist
 */
export const resolveTarget = async (
  options: TargetOptions,
  environment: Environment,
  folder: string,
): Promise<Target | undefined> => {
  const { env, table, guestTable, secretId } = options;
  if (env === undefined && table === undefined) return undefined;
  const base =
    env === undefined
      ? tableTarget(String(table), options, environment)
      : await (env === 'local'
          ? localTarget(join(folder, '.local', 'stack.json'))
          : stackTarget(env, options));
  return {
    ...base,
    ...(table !== undefined && { crmTableName: table }),
    ...(guestTable !== undefined && { guestTableName: guestTable }),
    ...(secretId !== undefined && { secretId }),
  };
};
