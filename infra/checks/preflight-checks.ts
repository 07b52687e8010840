import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { UserError } from '../../crm/problem.ts';
import { resolveTarget } from '../../crm/target/resolve-target.ts';
import { secretsManagerFor, type Target } from '../../crm/target/target.ts';
import { type GenesysSecret, parseSecret, SecretError } from '../../lambda/aws/genesys-secret.ts';
import { environmentNames, settingsOf } from '../environments.ts';
import { CheckFailed, type CheckResult, CheckSkipped, runChecks } from './check.ts';
import { createGenesysProbe } from './genesys-probe.ts';

export interface PreflightOptions {
  readonly env: string;
  readonly region?: string;
  readonly profile?: string;
}

/** The stack's own values, as its outputs or the local stack tell them. */
const findStack = async (options: PreflightOptions, folder: string): Promise<Target> => {
  try {
    const target = await resolveTarget(options, process.env, folder);
    if (target === undefined) throw new CheckFailed('No environment was named.');
    return target;
  } catch (error) {
    if (error instanceof UserError) throw new CheckFailed(error.message, { cause: error });
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

const readSecret = async (target: Target): Promise<GenesysSecret> => {
  if (target.secretId === undefined) throw new CheckFailed('The stack names no secret.');
  const client = secretsManagerFor(target);
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: target.secretId }));
    const secret = parseSecret(SecretString ?? '');
    if (target.genesys?.provider === 'web-messaging' && secret.externalIdKey === undefined) {
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
  let target: Target | undefined;
  let secret: GenesysSecret | undefined;
  let probe: ReturnType<typeof createGenesysProbe> | undefined;
  const genesys = () => {
    if (target?.genesys === undefined || secret === undefined) {
      throw new CheckSkipped('Not tried: stack or secret are missing.');
    }
    const { provider, baseUrl, loginUrl = baseUrl, externalSourceId } = target.genesys;
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
        target = await findStack(options, folder);
        return target.label;
      },
    },
    {
      name: 'secret',
      run: async () => {
        if (target === undefined) throw new CheckSkipped('Not tried: the stack is missing.');
        secret = await readSecret(target);
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
