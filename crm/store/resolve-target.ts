import { localCredentials, readStack, StackError } from '../../infra/stack-outputs.ts';
import { UserError } from '../terminal/problem.ts';
import { isProductionName, type Target, type TargetOptions } from './target.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const stackTarget = async (env: string, options: TargetOptions, folder: string): Promise<Target> => {
  const { region, profile } = options;
  const access = { ...(region !== undefined && { region }), ...(profile !== undefined && { profile }) };
  try {
    const stack = await readStack({ env, ...access }, folder);
    return { ...stack, isProduction: isProductionName(env) || isProductionName(stack.environment) };
  } catch (error) {
    if (error instanceof StackError) throw new UserError(error.message);
    throw error;
  }
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
      : await stackTarget(env, options, folder);
  return {
    ...base,
    ...(table !== undefined && { crmTableName: table }),
    ...(guestTable !== undefined && { guestTableName: guestTable }),
    ...(secretId !== undefined && { secretId }),
  };
};
