import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { type GenesysSecret, parseSecret, SecretError } from '../../lambda/aws/genesys-secret.ts';
import type { SessionHashKey } from '../../lambda/guest/session-hash.ts';
import { UserError } from '../terminal/problem.ts';
import { secretsManagerFor, type Target } from './target.ts';

const readText = async (target: Pick<Target, 'aws'>, secretId: string): Promise<string> => {
  const client = secretsManagerFor(target);
  try {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    return SecretString ?? '';
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') {
      throw new UserError(`There is no secret ${secretId}: check --secret-id, --region and --profile.`);
    }
    throw error;
  } finally {
    client.destroy();
  }
};

/**
 * The target's secret, checked as the function checks it; undefined where the target has none.
 * @throws UserError when it is missing, malformed or not filled in
 */
export const readSecret = async (
  target: Pick<Target, 'aws' | 'secretId'>,
): Promise<GenesysSecret | undefined> => {
  if (target.secretId === undefined) return undefined;
  const text = await readText(target, target.secretId);
  try {
    return parseSecret(text);
  } catch (error) {
    if (error instanceof SecretError) throw new UserError(`${error.message} Ask who deploys the function.`);
    throw error;
  }
};

/** The keys that the target's function hashes sessions with, newest first; none for the unkeyed hash. */
export const readHashKeys = async (
  target: Pick<Target, 'aws' | 'secretId'>,
): Promise<readonly SessionHashKey[]> => (await readSecret(target))?.sessionHashKeys ?? [];
