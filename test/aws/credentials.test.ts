import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Credentials, createCredentials } from '../../lambda/aws/credentials.ts';
import type { AwsEvent } from '../../lambda/aws/events.ts';
import { SecretError } from '../../lambda/aws/genesys-secret.ts';
import { catalogue } from '../../lambda/telemetry/log-codes.ts';
import { localCredentials, localRegion } from '../../local/embedded-dynamodb.ts';
import { createTestClock, deadlineIn, type TestClock } from '../support/clock.ts';
import { createRecordedTelemetry, type RecordedTelemetry } from '../support/recorded-telemetry.ts';
import { startTestSecret, type TestSecret } from '../support/secret.ts';

const secretText = (clientSecret: string, more: object = {}): string =>
  JSON.stringify({ clientId: 'client', clientSecret, ...more });
const minute = 60_000;
/** A secret this old is read again: a little less than the agreed five minutes. */
const staleMs = 285_000;

describe('the credentials', () => {
  let server: TestSecret;
  let client: SecretsManagerClient;
  let clock: TestClock;
  let telemetry: RecordedTelemetry<AwsEvent>;
  let credentials: Credentials;
  let readsBefore: number;
  /** Responses of the server reach the client after this. */
  let responses: Promise<unknown> = Promise.resolve();

  beforeAll(async () => {
    server = await startTestSecret(secretText('first'));
    client = new SecretsManagerClient({
      endpoint: server.url,
      region: localRegion,
      credentials: localCredentials,
      maxAttempts: 1,
    });
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        await responses;
        return result;
      },
      { step: 'initialize' },
    );
  });
  afterAll(async () => {
    client.destroy();
    await server.close();
  });
  beforeEach(async () => {
    await server.put(secretText('first'));
    readsBefore = server.reads;
    clock = createTestClock();
    telemetry = createRecordedTelemetry();
    credentials = createCredentials({ client, secretId: server.id, clock, telemetry });
  });
  afterEach(() => {
    server.setFault({});
    responses = Promise.resolve();
  });

  const deadline = (ms = 100 * minute) => deadlineIn(clock, ms);
  const reads = () => server.reads - readsBefore;
  const current = async () => (await credentials.current(deadline())).clientSecret;
  const realTime = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));
  /** Waits in real time for what happens in the background. */
  const until = async (condition: () => boolean | Promise<boolean>) => {
    for (let tries = 0; !(await condition()); tries += 1) {
      if (tries > 4000) throw new Error('It never happened.');
      await realTime(5);
    }
  };

  it('are read once for 50 callers at once', async () => {
    const secrets = await Promise.all(Array.from({ length: 50 }, current));
    expect(new Set(secrets)).toEqual(new Set(['first']));
    expect(reads()).toBe(1);
  });

  it('are kept for a little less than five minutes', async () => {
    await current();
    await server.put(secretText('second'));
    await clock.advance(staleMs - 1);
    expect(await current()).toBe('first');
    expect(reads()).toBe(1);
  });

  it('are read again then, while nobody waits', async () => {
    await current();
    await server.put(secretText('second'));
    await clock.advance(staleMs);
    server.setFault({ latencyMs: 30 });
    expect(await current()).toBe('first');
    await until(async () => (await current()) === 'second');
    expect(reads()).toBe(2);
    expect(telemetry.of('secret_changed')).toHaveLength(1);
  });

  it('stay as they are while they cannot be read again, which is tried every ten seconds', async () => {
    await current();
    await clock.advance(staleMs);
    server.setFault({ failure: 500 });
    expect(await current()).toBe('first');
    await until(() => telemetry.of('secret_stale').length === 1);
    await clock.advance(9999);
    expect(await current()).toBe('first');
    await realTime(30);
    expect(reads()).toBe(2);
    server.setFault({});
    await server.put(secretText('second'));
    await clock.advance(1);
    await current();
    await until(async () => (await current()) === 'second');
    expect(reads()).toBe(3);
  });

  it('ring no alarm while the known ones are in use: no request fails', async () => {
    await current();
    await clock.advance(staleMs);
    server.setFault({ failure: 500 });
    await current();
    await until(() => telemetry.of('secret_stale').length === 1);
    expect(telemetry.of('secret_stale')).toEqual([{ reason: expect.any(String) }]);
    const raised = telemetry.recorded.flatMap(({ event }) => catalogue[event].metrics ?? []);
    expect(raised).not.toContain('SecretInvalid');
    expect(catalogue.secret_unavailable.metrics).toContain('SecretInvalid');
  });

  it('stay as they are while the new secret is a placeholder, which is recorded', async () => {
    await current();
    await server.put(secretText('REPLACE_ME'));
    await clock.advance(staleMs);
    expect(await current()).toBe('first');
    await until(() => telemetry.of('secret_invalid').length === 1);
    expect(telemetry.of('secret_invalid')).toEqual([{ fault: 'secret_placeholder', field: 'clientSecret' }]);
    expect(await current()).toBe('first');
  });

  describe('in a container that is frozen while they are read again', () => {
    let respond: () => void;
    let lose: (error: Error) => void;
    /** A read of the stale secret is under way, its response not here yet, when the container freezes. */
    const freezeAmidRead = async () => {
      await current();
      await server.put(secretText('second'));
      await clock.advance(staleMs);
      responses = new Promise<void>((resolve, reject) => {
        respond = resolve;
        lose = reject;
      });
      responses.catch(() => undefined);
      expect(await current()).toBe('first');
      await until(() => reads() === 2);
      clock.freeze(minute);
    };

    it('are waited for by the next request: a freeze is not a timeout', async () => {
      await freezeAmidRead();
      let isServed = false;
      const next = current().finally(() => {
        isServed = true;
      });
      // All the waiting that the read is allowed is still ahead of it.
      await clock.advance(400);
      expect(isServed).toBe(false);
      respond();
      expect(await next).toBe('second');
      expect(reads()).toBe(2);
      expect(telemetry.recorded.map(({ event }) => event)).toEqual(['secret_changed']);
    });

    it('are as old as when they were read, however long their response lay in a socket', async () => {
      await freezeAmidRead();
      clock.freeze(staleMs);
      await realTime(20);
      await server.put(secretText('third'));
      respond();
      expect(await current()).toBe('third');
      expect(reads()).toBe(3);
    });

    it('are waited for half a second at most, and once', async () => {
      await freezeAmidRead();
      const next = current();
      await clock.advance(500);
      expect(await next).toBe('first');
      // No time passes on this clock.
      expect(await current()).toBe('first');
      respond();
      await until(async () => (await current()) === 'second');
      expect(reads()).toBe(2);
    });

    it('are waited for no longer than the request may take', async () => {
      await freezeAmidRead();
      const hasty = credentials.current(deadline(100));
      await clock.advance(100);
      expect((await hasty).clientSecret).toBe('first');
      respond();
    });

    it.each(['before the next request', 'while that waits'])(
      'are read once more where the connection did not survive, as is noticed %s',
      async (when) => {
        await freezeAmidRead();
        const loseAll = async () => {
          responses = Promise.resolve();
          lose(new Error('socket hang up'));
          await until(() => telemetry.of('secret_stale').length === 1);
        };
        if (when === 'before the next request') await loseAll();
        const next = current();
        if (when === 'while that waits') await loseAll();
        expect(await next).toBe('second');
        expect(reads()).toBe(3);
      },
    );

    it('are waited for by nobody where no freeze was in the way', async () => {
      await current();
      await clock.advance(staleMs);
      responses = new Promise<void>((resolve) => {
        respond = resolve;
      });
      await current();
      await until(() => reads() === 2);
      // No time passes on this clock.
      expect(await current()).toBe('first');
      respond();
    });

    it('are read by nobody where there is nothing new to read', async () => {
      await current();
      clock.freeze(minute);
      await current();
      expect(reads()).toBe(1);
    });

    it.each([1, 2, 3, 4])('are up to date after %d freezes in a row, each amid a read', async (rounds) => {
      await current();
      for (let round = 1; round <= rounds; round += 1) {
        await server.put(secretText(`generation-${round}`));
        clock.freeze(staleMs);
        let go = () => {};
        responses = new Promise<void>((resolve) => {
          go = resolve;
        });
        const before = reads();
        await current();
        await until(() => reads() === before + 1);
        clock.freeze(3501);
        // What is due fires when the container runs again.
        await clock.advance(0);
        go();
        expect(await current()).toBe(`generation-${round}`);
      }
      expect(new Set(telemetry.recorded.map(({ event }) => event))).toEqual(new Set(['secret_changed']));
    });

    it('are read once more where it was the first read, whose response is lost or old by then', async () => {
      for (const isLost of [true, false]) {
        credentials = createCredentials({ client, secretId: server.id, clock, telemetry });
        await server.put(secretText('first'));
        responses = new Promise<void>((resolve, reject) => {
          respond = resolve;
          lose = reject;
        });
        responses.catch(() => undefined);
        const before = reads();
        const gone = expect(credentials.current(deadline(100))).rejects.toMatchObject({
          code: 'deadline_exceeded',
        });
        await clock.advance(100);
        await gone;
        await until(() => reads() === before + 1);
        await realTime(20);
        clock.freeze(minute);
        await server.put(secretText('second'));
        const next = current();
        responses = Promise.resolve();
        if (isLost) lose(new Error('socket hang up'));
        else respond();
        expect(await next).toBe('second');
      }
    });
  });

  it('are asked for again by the next caller after a failure', async () => {
    server.setFault({ failure: 500 });
    await expect(current()).rejects.toMatchObject({ name: 'SecretError', code: 'secret_unavailable' });
    server.setFault({});
    await server.put('{}');
    await expect(current()).rejects.toMatchObject({ code: 'secret_malformed', field: 'clientId' });
    await server.put(secretText('mended'));
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
      await server.put(secretText('second'));
      expect(await credentials.refresh(deadline())).toMatchObject({
        changed: true,
        secret: { clientSecret: 'second' },
      });
      expect(await current()).toBe('second');
      expect(reads()).toBe(3);
    });

    it('are read once for all that were refused together', async () => {
      await current();
      await server.put(secretText('second'));
      server.setFault({ latencyMs: 30 });
      const refreshed = await Promise.all(
        Array.from({ length: 20 }, async () => await credentials.refresh(deadline())),
      );
      expect(refreshed.every(({ changed }) => changed)).toBe(true);
      expect(reads()).toBe(2);
    });

    it('are read once more where a read was under way that may have responded with the state before the rotation', async () => {
      await current();
      await clock.advance(staleMs);
      let release = () => {};
      responses = new Promise<void>((resolve) => {
        release = resolve;
      });
      await current();
      await until(() => reads() === 2);
      await realTime(20);
      await server.put(secretText('second'));
      const refreshing = credentials.refresh(deadline());
      release();
      expect(await refreshing).toMatchObject({ changed: true });
      expect(reads()).toBe(3);
    });

    it('are read once more where the read under way is of before a freeze, whatever it brings', async () => {
      await current();
      await clock.advance(staleMs);
      await server.put(secretText('second'));
      let release = () => {};
      responses = new Promise<void>((resolve) => {
        release = resolve;
      });
      await current();
      await until(() => reads() === 2);
      await realTime(20);
      clock.freeze(minute);
      await server.put(secretText('third'));
      const refreshing = credentials.refreshForForgery(deadline());
      release();
      expect(await refreshing).toMatchObject({ clientSecret: 'third' });
      expect(reads()).toBe(3);
    });

    it('are read once more where the read under way has lost its response to a freeze', async () => {
      await current();
      await clock.advance(staleMs);
      let lose = (_: Error) => {};
      responses = new Promise<void>((_, reject) => {
        lose = reject;
      });
      responses.catch(() => undefined);
      await current();
      await until(() => reads() === 2);
      clock.freeze(minute);
      await server.put(secretText('second'));
      const refreshing = credentials.refresh(deadline());
      responses = Promise.resolve();
      lose(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }));
      expect(await refreshing).toMatchObject({ changed: true, secret: { clientSecret: 'second' } });
    });

    it('are read once more for a signature that they do not fit, too', async () => {
      await current();
      await clock.advance(staleMs);
      let release = () => {};
      responses = new Promise<void>((resolve) => {
        release = resolve;
      });
      await current();
      await until(() => reads() === 2);
      await realTime(20);
      await server.put(secretText('second'));
      const refreshing = credentials.refreshForForgery(deadline());
      release();
      expect(await refreshing).toMatchObject({ clientSecret: 'second' });
    });

    it('fail with the reason when the new secret cannot be used', async () => {
      await current();
      await server.put(secretText('REPLACE_ME'));
      await expect(credentials.refresh(deadline())).rejects.toMatchObject({ code: 'secret_placeholder' });
    });
  });

  describe('when no known key made a signature, or sealed a reference', () => {
    const signed = (byte: number) =>
      secretText('first', { sessionSigningKeys: [Buffer.alloc(32, byte).toString('base64')] });

    it('are read again, and the new keys are given', async () => {
      await current();
      await server.put(signed(7));
      const refreshed = await credentials.refreshForForgery(deadline());
      expect(refreshed?.sessionSigningKeys).toEqual([Buffer.alloc(32, 7)]);
    });

    it('are not read again within ten seconds of a read that brought nothing new', async () => {
      await current();
      expect(await credentials.refreshForForgery(deadline())).toBeUndefined();
      await server.put(signed(7));
      await clock.advance(9999);
      expect(await credentials.refreshForForgery(deadline())).toBeUndefined();
      expect(reads()).toBe(2);
      await clock.advance(1);
      expect(await credentials.refreshForForgery(deadline())).toBeDefined();
      expect(reads()).toBe(3);
    });

    it('may be read again at once after a read that brought something new', async () => {
      await current();
      await server.put(signed(7));
      await credentials.refreshForForgery(deadline());
      await server.put(signed(8));
      const again = await credentials.refreshForForgery(deadline());
      expect(again?.sessionSigningKeys).toEqual([Buffer.alloc(32, 8)]);
    });

    it('bring nothing new when they cannot be read, and are not read for ten seconds then', async () => {
      await current();
      server.setFault({ failure: 500 });
      expect(await credentials.refreshForForgery(deadline())).toBeUndefined();
      expect(await credentials.refreshForForgery(deadline())).toBeUndefined();
      expect(reads()).toBe(2);
      expect(await current()).toBe('first');
    });
  });

  it('leave no value of the secret in what is recorded', async () => {
    await server.put(secretText('hunter2-hunter2', { externalIdKey: 'no base64 at all' }));
    await expect(current()).rejects.toBeInstanceOf(SecretError);
    await server.put(secretText('hunter2-hunter2'));
    await current();
    await server.put(secretText('hunter3-hunter3'));
    await credentials.refresh(deadline());
    expect(JSON.stringify(telemetry.recorded)).not.toMatch(/hunter|base64 at/);
    expect(clock.pendingTimers).toBeLessThanOrEqual(3);
  });
});
