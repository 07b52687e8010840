import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Credentials, createCredentials } from '../../lambda/aws/credentials.ts';
import type { AwsEvent } from '../../lambda/aws/events.ts';
import { SecretError } from '../../lambda/aws/genesys-secret.ts';
import { localCredentials, localRegion } from '../../local/embedded-dynamodb.ts';
import { type SecretsManager, startSecretsManager } from '../../local/secrets-manager.ts';
import { createTestClock, deadlineIn, type TestClock } from '../support/clock.ts';
import { createRecordedTelemetry, type RecordedTelemetry } from '../support/recorded-telemetry.ts';

const secretText = (clientSecret: string, more: object = {}): string =>
  JSON.stringify({ clientId: 'client', clientSecret, ...more });
const minute = 60_000;

describe('the credentials', () => {
  let server: SecretsManager;
  let client: SecretsManagerClient;
  let clock: TestClock;
  let telemetry: RecordedTelemetry<AwsEvent>;
  let credentials: Credentials;
  let readsBefore: number;
  /** Answers of the server reach the client after this. */
  let answers: Promise<unknown> = Promise.resolve();

  beforeAll(async () => {
    server = await startSecretsManager({ secrets: { genesys: '' } });
    client = new SecretsManagerClient({
      endpoint: server.url,
      region: localRegion,
      credentials: localCredentials,
      maxAttempts: 1,
    });
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        await answers;
        return result;
      },
      { step: 'initialize' },
    );
  });
  afterAll(async () => {
    client.destroy();
    await server.close();
  });
  beforeEach(() => {
    server.put('genesys', secretText('first'));
    readsBefore = server.reads;
    clock = createTestClock();
    telemetry = createRecordedTelemetry();
    credentials = createCredentials({ client, secretId: 'genesys', clock, telemetry });
  });
  afterEach(() => server.setFault({}));

  const deadline = (ms = 100 * minute) => deadlineIn(clock, ms);
  const reads = () => server.reads - readsBefore;
  const current = async () => (await credentials.current(deadline())).clientSecret;
  const realTime = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));
  /** Waits in real time for what happens in the background. */
  const until = async (condition: () => boolean | Promise<boolean>) => {
    for (let tries = 0; !(await condition()); tries += 1) {
      if (tries > 400) throw new Error('It never happened.');
      await realTime(5);
    }
  };

  it('are read once for 50 callers at once', async () => {
    const secrets = await Promise.all(Array.from({ length: 50 }, current));
    expect(new Set(secrets)).toEqual(new Set(['first']));
    expect(reads()).toBe(1);
  });

  it('are kept for five minutes', async () => {
    await current();
    server.put('genesys', secretText('second'));
    await clock.advance(5 * minute - 1);
    expect(await current()).toBe('first');
    expect(reads()).toBe(1);
  });

  it('are read again after five minutes while nobody waits', async () => {
    await current();
    server.put('genesys', secretText('second'));
    await clock.advance(5 * minute);
    server.setFault({ latencyMs: 30 });
    expect(await current()).toBe('first');
    await until(async () => (await current()) === 'second');
    expect(reads()).toBe(2);
    expect(telemetry.of('secret_changed')).toHaveLength(1);
  });

  it('stay as they are while they cannot be read again, which is tried every ten seconds', async () => {
    await current();
    await clock.advance(5 * minute);
    server.setFault({ failure: 500 });
    expect(await current()).toBe('first');
    await until(() => telemetry.of('secret_unavailable').length === 1);
    await clock.advance(9999);
    expect(await current()).toBe('first');
    await realTime(30);
    expect(reads()).toBe(2);
    server.setFault({});
    server.put('genesys', secretText('second'));
    await clock.advance(1);
    await current();
    await until(async () => (await current()) === 'second');
    expect(reads()).toBe(3);
  });

  it('stay as they are while the new secret is a placeholder, which is recorded', async () => {
    await current();
    server.put('genesys', secretText('REPLACE_ME'));
    await clock.advance(5 * minute);
    expect(await current()).toBe('first');
    await until(() => telemetry.of('secret_invalid').length === 1);
    expect(telemetry.of('secret_invalid')).toEqual([{ code: 'secret_placeholder', field: 'clientSecret' }]);
    expect(await current()).toBe('first');
  });

  it('are asked for again by the next caller after a failure', async () => {
    server.setFault({ failure: 500 });
    await expect(current()).rejects.toMatchObject({ name: 'SecretError', code: 'secret_unavailable' });
    server.setFault({});
    server.put('genesys', '{}');
    await expect(current()).rejects.toMatchObject({ code: 'secret_malformed', field: 'clientId' });
    server.put('genesys', secretText('mended'));
    expect(await current()).toBe('mended');
  });

  it('are unavailable where the secret does not exist, and the log says why', async () => {
    const missing = createCredentials({ client, secretId: 'elsewhere', clock, telemetry });
    await expect(missing.current(deadline())).rejects.toBeInstanceOf(SecretError);
    expect(telemetry.of('secret_unavailable')).toEqual([{ reason: 'ResourceNotFoundException' }]);
  });

  it('are waited for no longer than three seconds', async () => {
    server.setFault({ failure: 'hang' });
    const failing = expect(current()).rejects.toMatchObject({ code: 'secret_unavailable' });
    await clock.advance(3000);
    await failing;
    expect(telemetry.of('secret_unavailable')).toEqual([{ reason: 'TimeoutError' }]);
  });

  it('are waited for by each caller within its own deadline, and the read goes on for the others', async () => {
    server.setFault({ latencyMs: 60 });
    const patient = current();
    const hasty = expect(credentials.current(deadline(100))).rejects.toMatchObject({
      code: 'deadline_exceeded',
    });
    await clock.advance(100);
    await hasty;
    expect(await patient).toBe('first');
    expect(reads()).toBe(1);
  });

  describe('when Genesys refuses them', () => {
    it('are read again, and it is said whether they changed', async () => {
      await current();
      expect(await credentials.refresh(deadline())).toMatchObject({ changed: false });
      server.put('genesys', secretText('second'));
      expect(await credentials.refresh(deadline())).toMatchObject({
        changed: true,
        secret: { clientSecret: 'second' },
      });
      expect(await current()).toBe('second');
      expect(reads()).toBe(3);
    });

    it('are read once for all that were refused together', async () => {
      await current();
      server.put('genesys', secretText('second'));
      server.setFault({ latencyMs: 30 });
      const refreshed = await Promise.all(
        Array.from({ length: 20 }, async () => await credentials.refresh(deadline())),
      );
      expect(refreshed.every(({ changed }) => changed)).toBe(true);
      expect(reads()).toBe(2);
    });

    it('are read once more where a read was under way that may have been answered before the rotation', async () => {
      await current();
      await clock.advance(5 * minute);
      let release = () => {};
      answers = new Promise<void>((resolve) => {
        release = resolve;
      });
      await current();
      await until(() => reads() === 2);
      await realTime(20);
      server.put('genesys', secretText('second'));
      const refreshing = credentials.refresh(deadline());
      release();
      expect(await refreshing).toMatchObject({ changed: true });
      expect(reads()).toBe(3);
    });

    it('fail with the reason when the new secret cannot be used', async () => {
      await current();
      server.put('genesys', secretText('REPLACE_ME'));
      await expect(credentials.refresh(deadline())).rejects.toMatchObject({ code: 'secret_placeholder' });
    });
  });

  describe('when no known key made a signature', () => {
    const signed = (byte: number) =>
      secretText('first', { sessionSigningKeys: [Buffer.alloc(32, byte).toString('base64')] });

    it('are read again, and the new keys are given', async () => {
      await current();
      server.put('genesys', signed(7));
      const refreshed = await credentials.refreshForSignature(deadline());
      expect(refreshed?.sessionSigningKeys).toEqual([Buffer.alloc(32, 7)]);
    });

    it('are not read again within ten seconds of a read that brought nothing new', async () => {
      await current();
      expect(await credentials.refreshForSignature(deadline())).toBeUndefined();
      server.put('genesys', signed(7));
      await clock.advance(9999);
      expect(await credentials.refreshForSignature(deadline())).toBeUndefined();
      expect(reads()).toBe(2);
      await clock.advance(1);
      expect(await credentials.refreshForSignature(deadline())).toBeDefined();
      expect(reads()).toBe(3);
    });

    it('may be read again at once after a read that brought something new', async () => {
      await current();
      server.put('genesys', signed(7));
      await credentials.refreshForSignature(deadline());
      server.put('genesys', signed(8));
      const again = await credentials.refreshForSignature(deadline());
      expect(again?.sessionSigningKeys).toEqual([Buffer.alloc(32, 8)]);
    });

    it('bring nothing new when they cannot be read, and are left alone for ten seconds', async () => {
      await current();
      server.setFault({ failure: 500 });
      expect(await credentials.refreshForSignature(deadline())).toBeUndefined();
      expect(await credentials.refreshForSignature(deadline())).toBeUndefined();
      expect(reads()).toBe(2);
      expect(await current()).toBe('first');
    });
  });

  it('leave no value of the secret in what is recorded', async () => {
    server.put('genesys', secretText('hunter2-hunter2', { externalIdKey: 'no base64 at all' }));
    await expect(current()).rejects.toBeInstanceOf(SecretError);
    server.put('genesys', secretText('hunter2-hunter2'));
    await current();
    server.put('genesys', secretText('hunter3-hunter3'));
    await credentials.refresh(deadline());
    expect(JSON.stringify(telemetry.recorded)).not.toMatch(/hunter|base64 at/);
    expect(clock.pendingTimers).toBeLessThanOrEqual(3);
  });
});
