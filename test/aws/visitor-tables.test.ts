import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { itemFromRecord } from '../../lambda/aws/crm-item.ts';
import type { AwsEvent } from '../../lambda/aws/events.ts';
import { createGuestRegistry } from '../../lambda/aws/guest-registry.ts';
import { createVisitorTables, type VisitorTablesOptions } from '../../lambda/aws/visitor-tables.ts';
import type { CrmRecord } from '../../lambda/guest/crm-record.ts';
import { createTestClock, deadlineIn, type TestClock } from '../support/clock.ts';
import { localClient, startTestTables, type TestTables } from '../support/dynamodb.ts';
import { createRecordedTelemetry, type RecordedTelemetry } from '../support/recorded-telemetry.ts';
import { anyHash, guestAt, guestTtlSeconds, leaseMs } from '../support/registry-contract.ts';
import { startSilentServer } from '../support/silent-server.ts';

const jane: CrmRecord = { email: 'jane@example.com', firstName: 'Jane', previousTickets: 3 };

describe('the tables of a visitor', () => {
  let tables: TestTables;
  let client: TestTables['client'];
  let clock: TestClock;
  let telemetry: RecordedTelemetry<AwsEvent>;
  /** Every request of the client: its operation and input. */
  let sent: { readonly operation: string; readonly input: object }[];
  let answerWith: ((output: object) => object) | undefined;

  beforeAll(async () => {
    tables = await startTestTables();
    client = localClient(tables.url);
    client.middlewareStack.add(
      (next, { commandName = '' }) =>
        async (args) => {
          sent.push({ operation: commandName, input: args.input });
          const result = await next(args);
          return { ...result, output: { ...result.output, ...answerWith?.(result.output) } };
        },
      { step: 'initialize' },
    );
  });
  afterAll(async () => {
    client.destroy();
    await tables.close();
  });
  beforeEach(() => {
    clock = createTestClock();
    telemetry = createRecordedTelemetry();
    sent = [];
  });
  afterEach(() => {
    answerWith = undefined;
  });

  const start = (changes: Partial<VisitorTablesOptions> = {}) =>
    createVisitorTables({
      client,
      crmTableName: tables.crmTableName,
      guestTableName: tables.guestTableName,
      timeoutMs: 500,
      clock,
      telemetry,
      ...changes,
    });
  const read = async (
    hashes: [string, ...string[]],
    { crm = true, ...changes }: Partial<VisitorTablesOptions> & { crm?: boolean } = {},
  ) => await start(changes).read(hashes, { crm }, deadlineIn(clock));
  const writeCrm = async (hash: string, record: CrmRecord = jane) =>
    await tables.put(tables.crmTableName, itemFromRecord(hash, record));
  const register = async (hash: string, guestId = 'guest-1') => {
    const registry = createGuestRegistry({
      client: tables.client,
      tableName: tables.guestTableName,
      timeoutMs: 500,
      leaseMs,
      guestTtlSeconds,
      clock,
      telemetry,
    });
    const guest = guestAt(clock.now(), { guestId });
    if (!(await registry.create(hash, guest, deadlineIn(clock))))
      throw new Error('There is an entry already.');
  };

  it('give the CRM record and the registry entry in one round trip', async () => {
    const hash = anyHash();
    await writeCrm(hash);
    await register(hash);
    expect(await read([hash])).toEqual({
      crm: { kind: 'matched', record: jane },
      registration: expect.objectContaining({ guest: guestAt(clock.now()) }),
    });
    expect(sent.map(({ operation }) => operation)).toEqual(['BatchGetItemCommand']);
  });

  it('are read with consistency where guests are concerned, not for the CRM', async () => {
    await read([anyHash()]);
    const requests = sent[0]?.input as { RequestItems: Record<string, { ConsistentRead?: boolean }> };
    expect(requests.RequestItems[tables.guestTableName]?.ConsistentRead).toBe(true);
    expect(requests.RequestItems[tables.crmTableName]?.ConsistentRead ?? false).toBe(false);
  });

  it('say so when they know nothing of a visitor', async () => {
    expect(await read([anyHash()])).toEqual({ crm: { kind: 'not_found' }, registration: undefined });
  });

  it('leave the CRM table untouched without consent', async () => {
    const hash = anyHash();
    await writeCrm(hash);
    expect(await read([hash], { crm: false })).toMatchObject({ crm: { kind: 'not_read' } });
    expect(JSON.stringify(sent)).not.toContain(`"${tables.crmTableName}"`);
  });

  it('are looked up under all hashes of the session: the newest key’s record wins, and the newest guest', async () => {
    const [newest, older] = [anyHash(), anyHash()];
    await writeCrm(older, { email: 'older@example.com' });
    await register(older, 'older');
    expect(await read([newest, older])).toMatchObject({
      crm: { record: { email: 'older@example.com' } },
      registration: { guest: { guestId: 'older' }, guestEverywhere: false },
    });
    await clock.advance(1000);
    await writeCrm(newest, { email: 'newest@example.com' });
    await register(newest, 'newest');
    expect(await read([newest, older])).toMatchObject({
      crm: { record: { email: 'newest@example.com' } },
      registration: { guest: { guestId: 'newest' }, guestEverywhere: false },
    });
    expect(sent).toHaveLength(2);
  });

  it('take an expired CRM record for absent', async () => {
    const hash = anyHash();
    await writeCrm(hash, { ...jane, expiresAt: Math.floor(clock.now() / 1000) + 1 });
    expect(await read([hash])).toMatchObject({ crm: { kind: 'matched' } });
    await clock.advance(1000);
    expect(await read([hash])).toMatchObject({ crm: { kind: 'not_found' } });
  });

  it('take a CRM record that breaks the schema for absent and name its fields, not its values', async () => {
    const hash = anyHash();
    await tables.put(tables.crmTableName, {
      sessionHash: { S: hash },
      email: { S: 'nobody' },
      previousTickets: { S: 'seventeen' },
    });
    expect(await read([hash])).toMatchObject({ crm: { kind: 'not_found' } });
    expect(telemetry.recorded).toEqual([
      { event: 'crm_record_invalid', fields: { sessionHash: hash, fields: 'email,previousTickets' } },
    ]);
  });

  it('degrade within the time limit when they do not answer', async () => {
    const silent = await startSilentServer();
    const hanging = localClient(silent.url);
    const reading = read([anyHash()], { client: hanging });
    await clock.advance(500);
    expect(await reading).toEqual({ crm: { kind: 'degraded' }, registration: 'unreachable' });
    expect(telemetry.of('tables_unavailable')).toEqual([{ operation: 'read', reason: 'TimeoutError' }]);
    const withoutConsent = read([anyHash()], { client: hanging, crm: false });
    await clock.advance(500);
    expect(await withoutConsent).toEqual({ crm: { kind: 'not_read' }, registration: 'unreachable' });
    hanging.destroy();
    await silent.close();
  });

  it('end with the budget of the request where that is shorter', async () => {
    const silent = await startSilentServer();
    const hanging = localClient(silent.url);
    const reading = start({ client: hanging }).read([anyHash()], { crm: true }, deadlineIn(clock, 100));
    await clock.advance(100);
    expect(await reading).toMatchObject({ registration: 'unreachable' });
    hanging.destroy();
    await silent.close();
  });

  it('cost no waiting while they are known to be away, until one call finds them back', async () => {
    const silent = await startSilentServer();
    let endpoint = silent.url;
    const moving = localClient(tables.url);
    moving.config.endpoint = async () => {
      const { hostname, port } = new URL(endpoint);
      return { protocol: 'http:', hostname, port: Number(port), path: '/' };
    };
    const visitors = start({ client: moving, breakMs: 5000 });
    const visit = async (hash: string) => await visitors.read([hash], { crm: true }, deadlineIn(clock));
    for (let call = 0; call < 5; call += 1) {
      const reading = visit(anyHash());
      await clock.advance(500);
      await reading;
    }
    const requests = silent.requests();
    const hash = anyHash();
    await writeCrm(hash);
    endpoint = tables.url;
    // The clock stands still: a result comes without a time limit having passed.
    expect(await visit(hash)).toMatchObject({ crm: { kind: 'degraded' } });
    await clock.advance(4999);
    expect(await visit(hash)).toMatchObject({ crm: { kind: 'degraded' } });
    expect(silent.requests()).toBe(requests);
    await clock.advance(1);
    expect(await visit(hash)).toMatchObject({ crm: { kind: 'matched' } });
    moving.destroy();
    await silent.close();
  });

  it('cost no waiting either while one call tries whether they are back', async () => {
    const silent = await startSilentServer();
    const hanging = localClient(silent.url);
    const visitors = start({ client: hanging, breakMs: 5000 });
    const visit = async () => await visitors.read([anyHash()], { crm: true }, deadlineIn(clock));
    for (let call = 0; call < 5; call += 1) {
      const reading = visit();
      await clock.advance(500);
      await reading;
    }
    await clock.advance(5000);
    const trying = visit();
    expect(await visit()).toMatchObject({ registration: 'unreachable' });
    await clock.advance(500);
    await trying;
    hanging.destroy();
    await silent.close();
  });

  it('are not taken for away because requests ended before they could respond', async () => {
    const silent = await startSilentServer();
    const hanging = localClient(silent.url);
    const visitors = start({ client: hanging });
    for (let call = 0; call < 8; call += 1) {
      const reading = visitors.read([anyHash()], { crm: true }, deadlineIn(clock, 100));
      await clock.advance(100);
      await reading;
    }
    expect(telemetry.of('table_breaker_opened')).toEqual([]);
    hanging.destroy();
    await silent.close();
  });

  it('degrade where a part of the round trip was not processed', async () => {
    const hash = anyHash();
    await writeCrm(hash);
    await register(hash);
    answerWith = () => ({ UnprocessedKeys: { [tables.crmTableName]: { Keys: [] } } });
    expect(await read([hash])).toMatchObject({ crm: { kind: 'degraded' }, registration: { guest: {} } });
    answerWith = () => ({ UnprocessedKeys: { [tables.guestTableName]: { Keys: [] } } });
    expect(await read([hash])).toMatchObject({ crm: { kind: 'matched' }, registration: 'unreachable' });
    expect(telemetry.of('tables_unavailable')).toHaveLength(2);
  });

  it('give the CRM record alone, for a visitor whose consent was found in the registry', async () => {
    const hash = anyHash();
    await writeCrm(hash);
    expect(await start().readCrm([hash], deadlineIn(clock))).toEqual({ kind: 'matched', record: jane });
    expect(JSON.stringify(sent)).not.toContain(`"${tables.guestTableName}"`);
    const nowhere = localClient('http://127.0.0.1:1');
    expect(await start({ client: nowhere }).readCrm([hash], deadlineIn(clock))).toEqual({ kind: 'degraded' });
    nowhere.destroy();
  });

  it('take neither for away because the other is', async () => {
    const nowhere = localClient('http://127.0.0.1:1');
    const visitors = start({ client: nowhere });
    for (let call = 0; call < 5; call += 1) await visitors.readCrm([anyHash()], deadlineIn(clock));
    expect(telemetry.of('table_breaker_opened')).toHaveLength(1);
    await visitors.readCrm([anyHash()], deadlineIn(clock));
    expect(telemetry.of('tables_unavailable')).toHaveLength(5);
    await visitors.read([anyHash()], { crm: true }, deadlineIn(clock));
    expect(telemetry.of('tables_unavailable')).toHaveLength(6);
    nowhere.destroy();
  });
});
