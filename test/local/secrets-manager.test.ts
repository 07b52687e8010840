import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { localCredentials, localRegion } from '../../local/embedded-dynamodb.ts';
import { type SecretsManager, startSecretsManager } from '../../local/secrets-manager.ts';

describe('the embedded Secrets Manager', () => {
  let service: SecretsManager;
  let client: SecretsManagerClient;
  beforeEach(async () => {
    service = await startSecretsManager({ secrets: { guests: 'first' } });
    client = new SecretsManagerClient({
      endpoint: service.url,
      region: localRegion,
      credentials: localCredentials,
      maxAttempts: 1,
    });
  });
  afterEach(async () => {
    client.destroy();
    await service.close();
  });

  const get = (SecretId: string) => client.send(new GetSecretValueCommand({ SecretId }));

  it('gives the real client a secret by name and by ARN, and counts the reads', async () => {
    const byName = await get('guests');
    const byArn = await get(byName.ARN ?? '');
    expect([byName.SecretString, byArn.SecretString]).toEqual(['first', 'first']);
    expect(byName.CreatedDate).toBeInstanceOf(Date);
    expect(service.reads).toBe(2);
  });

  it('serves a rotated secret as a new version', async () => {
    const before = await get('guests');
    service.put('guests', 'second');
    const after = await get('guests');
    await client.send(new PutSecretValueCommand({ SecretId: 'guests', SecretString: 'third' }));
    const last = await get('guests');
    expect([after.SecretString, last.SecretString]).toEqual(['second', 'third']);
    expect(new Set([before.VersionId, after.VersionId, last.VersionId]).size).toBe(3);
    const described = await client.send(new DescribeSecretCommand({ SecretId: 'guests' }));
    expect(described.Name).toBe('guests');
  });

  it('answers ResourceNotFoundException for an unknown secret', async () => {
    await expect(get('other')).rejects.toBeInstanceOf(ResourceNotFoundException);
  });

  it('fails, breaks the connection, hangs and is slow when told to', async () => {
    service.setFault({ failure: 503 });
    await expect(get('guests')).rejects.toMatchObject({ $metadata: { httpStatusCode: 503 } });
    service.setFault({ failure: 'reset' });
    await expect(get('guests')).rejects.toThrow();
    service.setFault({ failure: 'hang' });
    const leaving = new AbortController();
    const hanging = expect(
      client.send(new GetSecretValueCommand({ SecretId: 'guests' }), { abortSignal: leaving.signal }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    while (service.reads < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    leaving.abort();
    await hanging;
    service.setFault({ latencyMs: 60 });
    const startedAt = performance.now();
    await get('guests');
    expect(performance.now() - startedAt).toBeGreaterThan(55);
    expect(service.reads).toBe(4);
  });
});
