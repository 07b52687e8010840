import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type GenesysSecret, parseSecret, SecretError } from '../../lambda/aws/genesys-secret.ts';
import { environmentNames, settingsOf } from '../environments.ts';
import { clientOptions, readStack, type Stack, StackError } from '../stack-outputs.ts';
import { CheckFailed, type CheckResult, CheckSkipped, runChecks } from './check.ts';
import { createGenesysProbe } from './genesys-probe.ts';

export interface PreflightOptions {
  readonly env: string;
  readonly region?: string;
  readonly profile?: string;
}

/** The stack's own values, as its outputs or the local stack tell them. */
const findStack = async (options: PreflightOptions, folder: string): Promise<Stack> => {
  try {
    return await readStack(options, folder);
  } catch (error) {
    if (error instanceof StackError) throw new CheckFailed(error.message, { cause: error });
    if (error instanceof Error && /Credential|Token|AccessDenied|UnrecognizedClient/.test(error.name)) {
      throw new CheckFailed(`AWS refused the credentials (${error.name}).`, { cause: error });
    }
    throw error;
  }
};

/** Settings that still are the examples of a fresh clone. */
export const examplesLeft = (name: string): string[] => {
  if (!environmentNames.includes(name)) return [];
  const { allowedOrigins, alarmEmails } = settingsOf(name);
  return [...allowedOrigins, ...alarmEmails].filter((value) => /(^|[/@.])example\.com$/.test(value));
};

const readSecret = async (stack: Stack): Promise<GenesysSecret> => {
  if (stack.secretId === undefined) throw new CheckFailed('The stack names no secret.');
  const client = new SecretsManagerClient(clientOptions(stack.aws, stack.aws.endpoints.secretsManager));
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: stack.secretId }));
    const secret = parseSecret(SecretString ?? '');
    if (stack.genesys?.provider === 'web-messaging' && secret.externalIdKey === undefined) {
      throw new CheckFailed('Provider web-messaging needs externalIdKey in the secret.');
    }
    return secret;
  } catch (error) {
    if (error instanceof SecretError) throw new CheckFailed(error.message, { cause: error });
    if (error instanceof Error && !(error instanceof CheckFailed)) {
      throw new CheckFailed(`The secret cannot be read (${error.name}).`, { cause: error });
    }
    throw error;
  } finally {
    client.destroy();
  }
};

/**
 * Tries everything that an environment needs before visitors come, and changes nothing.
 * @param folder the project's folder: `--env local` reads `.local/stack.json` there
 */
export const preflight = async (options: PreflightOptions, folder: string): Promise<CheckResult[]> => {
  let stack: Stack | undefined;
  let secret: GenesysSecret | undefined;
  let probe: ReturnType<typeof createGenesysProbe> | undefined;
  const genesys = () => {
    if (stack?.genesys === undefined || secret === undefined) {
      throw new CheckSkipped('Not tried: stack or secret are missing.');
    }
    const { provider, baseUrl, loginUrl = baseUrl, externalSourceId } = stack.genesys;
    probe ??= createGenesysProbe({ provider, baseUrl, loginUrl, externalSourceId, secret });
    return probe;
  };
  const results = await runChecks([
    {
      name: 'settings',
      run: async () => {
        const examples = examplesLeft(options.env);
        if (examples.length === 0) return 'no example values left';
        throw new CheckFailed(`infra/environments.ts still has the examples ${examples.join(', ')}.`);
      },
    },
    {
      name: 'stack',
      run: async () => {
        stack = await findStack(options, folder);
        return stack.label;
      },
    },
    {
      name: 'secret',
      run: async () => {
        if (stack === undefined) throw new CheckSkipped('Not tried: the stack is missing.');
        secret = await readSecret(stack);
        return 'filled in and well-formed';
      },
    },
    { name: 'login', run: async () => await genesys().login() },
    { name: 'permissions', run: async () => await genesys().permissions() },
    { name: 'quota', run: async () => await genesys().quota() },
  ]);
  probe?.close();
  return results;
};
