import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { type Settings, workerConcurrency } from '../settings.ts';
import { type AwsAccess, clientOptions } from '../stack-outputs.ts';
import { CheckFailed } from './check.ts';

/**
 * What Lambda keeps for functions that reserve nothing.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
 */
const unreservable = 100;

/** Says in words what AWS has against the credentials; anything else is thrown on. */
export const explainCredentials = (error: unknown): never => {
  const name = error instanceof Error ? error.name : '';
  if (/^(CredentialsProviderError|TokenProviderError)$/.test(name)) {
    throw new CheckFailed(
      'There are no AWS credentials, or they have expired: log in (aws sso login), or set AWS_PROFILE or --profile.',
      { cause: error },
    );
  }
  if (/AccessDenied/.test(name)) {
    throw new CheckFailed(
      `These AWS credentials lack a permission (${name}): attach the policy of output DeployerPolicyArn.`,
      { cause: error },
    );
  }
  if (/ExpiredToken|InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClient/.test(name)) {
    throw new CheckFailed(`AWS refused the credentials (${name}).`, { cause: error });
  }
  throw error;
};

/** Whether an account of that limit can reserve what the environment asks for. */
export const judgeConcurrency = (
  { reservedConcurrency }: Pick<Settings, 'reservedConcurrency'>,
  limit: number,
  free: number,
): string => {
  if (reservedConcurrency === undefined) return `nothing is reserved; the account allows ${limit}`;
  const needed = reservedConcurrency + workerConcurrency;
  if (free - needed >= unreservable) return `${needed} of ${free} can be reserved`;
  throw new CheckFailed(
    `The account has ${free} of ${limit} concurrent executions free, and ${unreservable} must stay so: ${needed} cannot be reserved. Ask for a larger quota (Service Quotas, Lambda, "Concurrent executions"), or leave reservedConcurrency out.`,
  );
};

/** Asks Lambda for the limit of the account, before anything is deployed. @throws CheckFailed */
export const checkConcurrency = async (
  settings: Settings,
  access: Omit<AwsAccess, 'endpoints'>,
): Promise<string> => {
  const client = new LambdaClient(clientOptions(access));
  try {
    const { AccountLimit } = await client.send(new GetAccountSettingsCommand({}));
    return judgeConcurrency(
      settings,
      AccountLimit?.ConcurrentExecutions ?? 0,
      AccountLimit?.UnreservedConcurrentExecutions ?? 0,
    );
  } catch (error) {
    if (error instanceof CheckFailed) throw error;
    return explainCredentials(error);
  } finally {
    client.destroy();
  }
};
