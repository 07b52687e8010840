import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AwsEvent } from '../../lambda/aws/events.ts';
import { createTokenVault, type TokenVault } from '../../lambda/aws/token-vault.ts';
import { createVisitorTables } from '../../lambda/aws/visitor-tables.ts';
import { StoreUnavailableError } from '../../lambda/guest/errors.ts';
import { createTestClock, deadlineIn, type TestClock } from '../support/clock.ts';
import { localClient, startTestTables, type TestTables } from '../support/dynamodb.ts';
import { createRecordedTelemetry, type RecordedTelemetry } from '../support/recorded-telemetry.ts';
import { anyHash } from '../support/registry-contract.ts';

const leaseMs = 6000;
const hour = 3_600_000;

describe('the vault of the shared token', () => {
  let tables: TestTables;
  let clock: TestClock;
  let telemetry: RecordedTelemetry<AwsEvent>;
  let vault: TokenVault;
  let key: string;
  let wanted: boolean;
  let requests: number;
  let counted: TestTables['client'];

  beforeAll(async () => {
    tables = await startTestTables();
    counted = localClient(tables.url);
    counted.middlewareStack.add(
      (next) => async (args) => {
        requests += 1;
        return await next(args);
      },
      { step: 'initialize' },
    );
  });
  afterAll(async () => {
    counted.destroy();
    await tables.close();
  });
  const start = (client = counted): TokenVault =>
    createTokenVault({
      client,
      tableName: tables.guestTableName,
      timeoutMs: 500,
      leaseMs,
      clock,
      telemetry,
      key: () => key,
      wanted: () => wanted,
    });
  beforeEach(() => {
    clock = createTestClock();
    telemetry = createRecordedTelemetry();
    key = `oauth#${anyHash()}`;
    wanted = true;
    requests = 0;
    vault = start();
  });

  const deadline = () => deadlineIn(clock, 10 * hour);
  const lease = async (renewing?: string) => {
    const leased = await vault.lease(key, renewing, deadline());
    if (leased === undefined) throw new Error('Somebody else holds the lease.');
    return leased;
  };
  const read = async () => {
    const token = await vault.read(key, deadline());
    if (token === undefined) throw new Error('There is no token.');
    return token;
  };
  const store = async (sealed: string, lastsMs = hour) => {
    const { owner } = await lease();
    await vault.store(key, owner, { sealed, expiresAtMs: clock.now() + lastsMs }, deadline());
    return await read();
  };

  it('has no token at first', async () => {
    expect(await vault.read(key, deadline())).toBeUndefined();
  });

  it('gives the lease to one of 20 containers that ask at once', async () => {
    const leases = await Promise.all(
      Array.from({ length: 20 }, () => vault.lease(key, undefined, deadline())),
    );
    const won = leases.filter((leased) => leased !== undefined);
    expect(won).toEqual([{ owner: expect.any(String), untilMs: clock.now() + leaseMs }]);
  });

  it('keeps the sealed token with its end and ends the lease', async () => {
    const token = await store('sealed');
    expect(token).toEqual({
      sealed: 'sealed',
      expiresAtMs: clock.now() + hour,
      version: expect.any(String),
    });
    expect(await tables.item(tables.guestTableName, key)).toEqual({
      sessionHash: { S: key },
      sealedToken: { S: 'sealed' },
      tokenExpiresAt: { N: String(clock.now() + hour) },
      version: { S: token.version },
      expiresAt: { N: String((clock.now() + hour) / 1000) },
    });
  });

  it('gives no lease while there is a token of use, and none for another version', async () => {
    await store('sealed');
    expect(await vault.lease(key, undefined, deadline())).toBeUndefined();
    expect(await vault.lease(key, 'another', deadline())).toBeUndefined();
  });

  it('gives the lease without more for a token with less than a minute left', async () => {
    await store('sealed');
    await clock.advance(hour - 60_000 - 1);
    expect(await vault.lease(key, undefined, deadline())).toBeUndefined();
    await clock.advance(1);
    expect(await vault.lease(key, undefined, deadline())).toBeDefined();
  });

  it('lets one container renew while the others keep using the token under the same version', async () => {
    const token = await store('first');
    const { owner } = await lease(token.version);
    expect(await vault.lease(key, token.version, deadline())).toBeUndefined();
    expect(await read()).toEqual(token);
    const renewed = { sealed: 'second', expiresAtMs: clock.now() + 2 * hour };
    expect(await vault.store(key, owner, renewed, deadline())).toBe(true);
    expect(await read()).toMatchObject(renewed);
    expect((await read()).version).not.toBe(token.version);
  });

  it('gives the lease to the next one when its holder died, and refuses the dead one’s token', async () => {
    const { owner } = await lease();
    await clock.advance(leaseMs - 1);
    expect(await vault.lease(key, undefined, deadline())).toBeUndefined();
    await clock.advance(1);
    await lease();
    const late = { sealed: 'late', expiresAtMs: clock.now() + hour };
    expect(await vault.store(key, owner, late, deadline())).toBe(false);
    expect(await vault.read(key, deadline())).toBeUndefined();
  });

  it('gives the lease to the next one at once when its holder gives it back', async () => {
    const { owner } = await lease();
    await vault.release(key, 'another', deadline());
    expect(await vault.lease(key, undefined, deadline())).toBeUndefined();
    await vault.release(key, owner, deadline());
    await lease();
  });

  it('forgets a token that Genesys refuses, unless a newer one is there already', async () => {
    const token = await store('refused');
    await vault.invalidate(key, 'older', deadline());
    expect(await read()).toEqual(token);
    await vault.invalidate(key, token.version, deadline());
    expect(await vault.read(key, deadline())).toBeUndefined();
    await lease();
  });

  it('leaves the lease of a renewal alone when its token is refused meanwhile', async () => {
    const token = await store('refused');
    const { owner } = await lease(token.version);
    await vault.invalidate(key, token.version, deadline());
    const renewed = { sealed: 'renewed', expiresAtMs: clock.now() + hour };
    expect(await vault.store(key, owner, renewed, deadline())).toBe(true);
    expect(await read()).toMatchObject(renewed);
  });

  it('gives no token that has expired', async () => {
    await store('sealed');
    await clock.advance(hour);
    expect(await vault.read(key, deadline())).toBeUndefined();
  });

  it('takes a token that came with the tables’ round trip once, within two seconds', async () => {
    await store('sealed');
    const visitors = createVisitorTables({
      client: counted,
      crmTableName: tables.crmTableName,
      guestTableName: tables.guestTableName,
      timeoutMs: 500,
      clock,
      telemetry,
      companion: vault.companion,
    });
    const visit = async () => await visitors.read([anyHash()], { crm: true }, deadline());
    requests = 0;
    await visit();
    expect(await read()).toMatchObject({ sealed: 'sealed' });
    expect(requests).toBe(1);
    await read();
    expect(requests).toBe(2);
    await visit();
    await clock.advance(2000);
    await read();
    expect(requests).toBe(4);
  });

  it('takes the tables’ word that there is no token', async () => {
    vault.companion.deliver(undefined);
    expect(await vault.read(key, deadline())).toBeUndefined();
    expect(requests).toBe(0);
  });

  it('never takes the token of another key, nor one that was refused since', async () => {
    const token = await store('sealed');
    const item = await tables.item(tables.guestTableName, key);
    vault.companion.deliver(item);
    expect(await vault.read('oauth#another', deadline())).toBeUndefined();
    vault.companion.deliver(item);
    await vault.invalidate(key, token.version, deadline());
    expect(await vault.read(key, deadline())).toBeUndefined();
  });

  it('has its token brought along only while it is wanted', () => {
    expect(vault.companion.key()).toBe(key);
    wanted = false;
    expect(vault.companion.key()).toBeUndefined();
  });

  it('says so when the table cannot be reached', async () => {
    const nowhere = localClient('http://127.0.0.1:1');
    const away = start(nowhere);
    const calls = [
      away.read(key, deadline()),
      away.lease(key, undefined, deadline()),
      away.store(key, 'owner', { sealed: 'sealed', expiresAtMs: 0 }, deadline()),
      away.release(key, 'owner', deadline()),
      away.invalidate(key, 'version', deadline()),
    ];
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailableError) });
    }
    expect(telemetry.of('token_vault_call_failed')).toHaveLength(5);
    nowhere.destroy();
  });
});
