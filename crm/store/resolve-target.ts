import { environmentNames, settingsOf } from '../../infra/environments.ts';
import { localCredentials, readStack, StackError } from '../../infra/stack-outputs.ts';
import { UserError } from '../terminal/problem.ts';
import { isProductionName, type Target, type TargetOptions } from './target.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

type Base = Omit<Target, 'isProduction' | 'foreignTable'>;

/** The region that the environment is deployed to, where this project knows it. */
const regionOf = (env: string): string | undefined =>
  environmentNames().includes(env) ? settingsOf(env).region : undefined;

const stackTarget = async (env: string, options: TargetOptions, folder: string): Promise<Base> => {
  const { region = regionOf(env), profile } = options;
  const access = { ...(region !== undefined && { region }), ...(profile !== undefined && { profile }) };
  try {
    return await readStack({ env, ...access }, folder);
  } catch (error) {
    if (error instanceof StackError) throw new UserError(error.message);
    throw error;
  }
};

const isLoopback = (url: string): boolean =>
  URL.canParse(url) && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);

const tableTarget = (table: string, options: TargetOptions, environment: Environment): Base => {
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
 * Whether it is production is judged by what remains after all overrides.
 * @returns undefined when no target was named
 * @throws UserError when it does not exist
 */
export const resolveTarget = async (
  options: TargetOptions,
  environment: Environment,
  folder: string,
): Promise<Target | undefined> => {
  const { env, table, guestTable, secretId, endpoint } = options;
  if (env === undefined && table === undefined) return undefined;
  if (env !== undefined && endpoint !== undefined) {
    throw new UserError('--endpoint goes with --table: an environment knows its own.');
  }
  const base =
    env === undefined
      ? tableTarget(String(table), options, environment)
      : await stackTarget(env, options, folder);
  const crmTableName = table ?? base.crmTableName;
  const guestTableName = guestTable ?? base.guestTableName;
  const foreignTable =
    !base.isLocal && (crmTableName !== base.crmTableName || guestTableName !== base.guestTableName);
  const names = [env, base.environment, crmTableName, guestTableName];
  return {
    ...base,
    label: foreignTable ? `a table that does not belong to ${base.label}` : base.label,
    crmTableName,
    guestTableName,
    secretId: secretId ?? base.secretId,
    foreignTable,
    isProduction: !base.isLocal && names.some((name) => name !== undefined && isProductionName(name)),
  };
};
