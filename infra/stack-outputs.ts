import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import * as v from 'valibot';
import { stackNameOf } from './stack-name.ts';

/** A stack cannot be found or read: its message is one whole sentence for whoever named it. */
export class StackError extends Error {
  override readonly name = 'StackError';
}

/** How a client of the AWS SDK is made. */
export interface AwsAccess {
  readonly region?: string;
  readonly profile?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly endpoints: { readonly dynamodb?: string; readonly secretsManager?: string };
}

export interface GenesysAccess {
  readonly provider: string;
  readonly baseUrl: string;
  readonly loginUrl: string | undefined;
  readonly externalSourceId: string | undefined;
}

/** What tools need to know about a running stack. */
export interface Stack {
  /** As people call it: `environment prod`, or `the local stack`. */
  readonly label: string;
  /** The function's name of the environment, as in its metrics. */
  readonly environment: string;
  readonly isLocal: boolean;
  readonly crmTableName: string;
  readonly guestTableName: string | undefined;
  readonly secretId: string | undefined;
  /** Where the message flow asks who a visitor is. */
  readonly resolveFunctionArn?: string | undefined;
  readonly genesys: GenesysAccess | undefined;
  readonly aws: AwsAccess;
}

export interface StackOptions {
  /** `local`, or the name of an environment. */
  readonly env: string;
  readonly region?: string;
  readonly profile?: string;
}

/** Credentials for embedded services: they must be there, nobody checks them. */
export const localCredentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/**
 * Options that every client of the AWS SDK is made with. A connection on which nothing comes back is given up:
 * without `throwOnRequestTimeout` the SDK only warns, and waits for ever.
 */
export const clientOptions = (
  { region, profile, credentials }: Omit<AwsAccess, 'endpoints'>,
  endpoint?: string,
) => ({
  ...(region !== undefined && { region }),
  ...(profile !== undefined && { profile }),
  ...(credentials !== undefined && { credentials }),
  ...(endpoint !== undefined && { endpoint }),
  requestHandler: { connectionTimeout: 5_000, requestTimeout: 20_000, throwOnRequestTimeout: true },
});

const localSchema = v.object({
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

const readLocal = async (stackFile: string): Promise<Stack> => {
  const text = await readFile(stackFile, 'utf8').catch(() => {
    throw new StackError('The local stack is not running: start it with "npm start" in another terminal.');
  });
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), localSchema), text);
  if (!parsed.success) throw new StackError('.local/stack.json is damaged: start the local stack again.');
  const { region, endpoints, tables, secretId, provider = 'webchat-v1', externalSourceId } = parsed.output;
  const { genesys } = endpoints;
  return {
    label: 'the local stack',
    environment: 'local',
    isLocal: true,
    crmTableName: tables.crm,
    guestTableName: tables.guests,
    secretId,
    genesys:
      genesys === undefined ? undefined : { provider, baseUrl: genesys, loginUrl: genesys, externalSourceId },
    aws: { region, credentials: localCredentials, endpoints },
  };
};

const readOutputs = async ({ env, ...access }: StackOptions): Promise<ReadonlyMap<string, string>> => {
  const client = new CloudFormationClient(clientOptions(access));
  const stack = stackNameOf(env);
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    return new Map(
      (Stacks?.[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
    );
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError') {
      throw new StackError(
        `There is no stack ${stack} in this account and region: check --env, --region and --profile.`,
      );
    }
    throw error;
  } finally {
    client.destroy();
  }
};

const readDeployed = async (options: StackOptions): Promise<Stack> => {
  const { env, region, profile } = options;
  const outputs = await readOutputs(options);
  const crmTableName = outputs.get('CrmTableName');
  if (crmTableName === undefined)
    throw new StackError(`The stack of environment ${env} has no output CrmTableName.`);
  const baseUrl = outputs.get('GenesysBaseUrl');
  return {
    label: `environment ${env}`,
    environment: outputs.get('EnvironmentName') ?? env,
    isLocal: false,
    crmTableName,
    guestTableName: outputs.get('GuestTableName'),
    secretId: outputs.get('GenesysSecretArn'),
    resolveFunctionArn: outputs.get('ResolveFunctionArn'),
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

/**
 * Reads what a stack says of itself: its outputs or, for `local`, what the local stack wrote.
 * @param folder the project's folder: the local stack leaves its file in `.local` there
 * @throws StackError when it does not exist or is not running
 */
export const readStack = async (options: StackOptions, folder: string): Promise<Stack> =>
  options.env === 'local'
    ? await readLocal(join(folder, '.local', 'stack.json'))
    : await readDeployed(options);
