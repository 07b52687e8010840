import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { type GenesysSecret, parseSecret, SecretError } from '../../lambda/aws/genesys-secret.ts';
import type { Settings } from '../settings.ts';
import { clientOptions, type Stack } from '../stack-outputs.ts';
import { CheckFailed, CheckTodo } from './check.ts';

/** What the settings ask of the secret: a field, and why it has to be there. */
const demands: readonly {
  readonly field: keyof GenesysSecret;
  readonly why: string;
  asked(settings: Settings | undefined, stack: Stack): boolean;
}[] = [
  {
    field: 'externalIdKey',
    why: 'Provider web-messaging needs externalIdKey in the secret.',
    asked: (_settings, { genesys }) => genesys?.provider === 'web-messaging',
  },
  {
    field: 'sessionHashKeys',
    why: 'The setting requireKeyedHashes needs sessionHashKeys in the secret, and the CRM records imported with them.',
    asked: (settings) => settings?.requireKeyedHashes === true,
  },
  {
    field: 'sessionSigningKeys',
    why: 'Signed sessions are asked for, and the secret has no sessionSigningKeys: with "required" every visitor is refused.',
    asked: (settings) => {
      const variables: Readonly<Record<string, string | undefined>> = settings?.variables ?? {};
      return (
        variables['REQUIRE_SIGNED_SESSION'] === 'true' ||
        ['optional', 'required'].includes(variables['SESSION_VERIFICATION'] ?? 'off')
      );
    },
  },
];

const isThere = (value: unknown): boolean =>
  value !== undefined && !(Array.isArray(value) && value.length === 0);

/**
 * Reads the secret as the function does, and checks that it has what the settings ask for.
 * @param settings undefined for the local stack
 * @throws CheckTodo while it is the placeholder, CheckFailed otherwise; neither names a value
 */
export const readSecret = async (stack: Stack, settings: Settings | undefined): Promise<GenesysSecret> => {
  if (stack.secretId === undefined) throw new CheckFailed('The stack names no secret.');
  const client = new SecretsManagerClient(clientOptions(stack.aws, stack.aws.endpoints.secretsManager));
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: stack.secretId }));
    const secret = parseSecret(SecretString ?? '');
    const missing = demands.filter(({ field, asked }) => asked(settings, stack) && !isThere(secret[field]));
    if (missing.length > 0) throw new CheckFailed(missing.map(({ why }) => why).join(' '));
    return secret;
  } catch (error) {
    if (error instanceof CheckFailed) throw error;
    if (error instanceof SecretError && error.code === 'secret_placeholder') {
      throw new CheckTodo(
        `${error.message} Next: write the real values to genesys-secret.json and run the command of the output FillSecretCommand; docs/operations.md, "Fill the secret".`,
        { cause: error },
      );
    }
    if (error instanceof SecretError) throw new CheckFailed(error.message, { cause: error });
    throw new CheckFailed(`The secret cannot be read (${error instanceof Error ? error.name : 'unknown'}).`, {
      cause: error,
    });
  } finally {
    client.destroy();
  }
};
