import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { AwsEvent } from '../../lambda/aws/events.ts';
import { createGuestRegistry } from '../../lambda/aws/guest-registry.ts';
import { createMemoryRegistry } from '../../lambda/aws/memory-registry.ts';
import { StoreUnavailableError } from '../../lambda/guest/errors.ts';
import type { Deadline, GuestRegistry, Lease, Registration } from '../../lambda/guest/ports.ts';
import { createTestClock, deadlineIn } from '../support/clock.ts';
import { localClient, startTestTables, type TestTables } from '../support/dynamodb.ts';
import { createRecordedTelemetry } from '../support/recorded-telemetry.ts';
import {
  anyHash,
  createVisit,
  describeRegistry,
  explicit,
  guestAt,
  guestTtlSeconds,
  leaseMs,
  type RegistryUnderTest,
  refused,
  silent,
} from '../support/registry-contract.ts';
import { startSilentServer } from '../support/silent-server.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(async () => await tables.close());

const registryOn = (options: RegistryUnderTest, client = tables.client): GuestRegistry =>
  createGuestRegistry({
    ...options,
    client,
    tableName: tables.guestTableName,
    timeoutMs: 500,
    telemetry: createRecordedTelemetry<AwsEvent>(),
  });

describeRegistry('DynamoDB', async (options) => registryOn(options));

describe('the registry in DynamoDB', () => {
  const start = (client = tables.client) => {
    const clock = createTestClock();
    const registry = registryOn({ clock, leaseMs, guestTtlSeconds }, client);
    const hash = anyHash();
    const visit = createVisit(registry, clock, [hash]);
    const item = async () => await tables.item(tables.guestTableName, hash);
    return { clock, registry, hash, visit, item };
  };
  const seconds = (ms: number) => ({ N: String(Math.ceil(ms / 1000)) });

  it('keeps a registered guest in the agreed item, with the evidence of its consent and its TTL', async () => {
    const { clock, hash, visit, item } = start();
    await visit.register({
      sealedToken: 'sealed',
      consent: { given: true, type: 'implicit', stated: false },
      verified: true,
    });
    expect(await item()).toEqual({
      sessionHash: { S: hash },
      guestId: { S: 'guest-1' },
      provider: { S: 'webchat-v1' },
      profileDigest: { S: 'digest-1' },
      anonymous: { BOOL: false },
      guestConsent: { S: 'true:implicit:silent' },
      guestVerified: { BOOL: true },
      registeredAt: { N: String(clock.now()) },
      guestExpiresAt: { N: String(clock.now() + guestTtlSeconds * 1000) },
      sealedToken: { S: 'sealed' },
      consentGiven: { BOOL: true },
      consentType: { S: 'implicit' },
      consentStated: { BOOL: false },
      consentAt: { S: new Date(clock.now()).toISOString() },
      verified: { BOOL: true },
      version: { S: expect.any(String) },
      expiresAt: seconds(clock.now() + guestTtlSeconds * 1000),
    });
  });

  it('creates the very item that completing a lease writes', async () => {
    const [created, completed] = [start(), start()];
    await created.visit.create();
    await completed.visit.register();
    const { sessionHash: _, version: __, ...expected } = (await completed.item()) ?? {};
    expect(await created.item()).toMatchObject(expected);
    expect(Object.keys((await created.item()) ?? {}).sort()).toEqual(
      Object.keys((await completed.item()) ?? {}).sort(),
    );
  });

  it('reads an entry of an older version: its consent counts as stated, its session as unverified', async () => {
    const { clock, hash, visit, item } = start();
    await visit.register();
    const { consentStated: _, verified: __, guestVerified: ___, ...older } = (await item()) ?? {};
    await tables.put(tables.guestTableName, { ...older, sessionHash: { S: hash } });
    expect(await visit.found()).toMatchObject({
      guest: guestAt(clock.now()),
      consent: explicit,
      verified: false,
    });
  });

  it('keeps the time at which a queued visitor stated the consent, not that of the registration', async () => {
    const { clock, visit, item } = start();
    const statedAt = new Date(clock.now()).toISOString();
    await visit.enqueue();
    await clock.advance(60_000);
    await visit.register();
    expect(await item()).toMatchObject({
      guestId: { S: 'guest-1' },
      consentGiven: { BOOL: true },
      consentAt: { S: statedAt },
      expiresAt: seconds(clock.now() + guestTtlSeconds * 1000),
    });
  });

  it('keeps the evidence of a consent that was withdrawn while the guest was being registered', async () => {
    const { clock, visit, item } = start();
    await visit.enqueue();
    const lease = await visit.take();
    await clock.advance(1000);
    await visit.state(refused);
    await visit.complete(lease);
    expect(await item()).toMatchObject({
      guestConsent: { S: 'true:explicit' },
      consentGiven: { BOOL: false },
      consentAt: { S: new Date(clock.now()).toISOString() },
    });
  });

  it('never lets the TTL end before what the item holds', async () => {
    const { clock, visit, item } = start();
    const endsMs = async () => Number((await item())?.['expiresAt']?.N) * 1000;
    const first = await visit.take();
    expect(await endsMs()).toBeGreaterThanOrEqual(clock.now() + leaseMs);
    await visit.queue(first);
    expect(await endsMs()).toBeGreaterThanOrEqual(clock.now() + 15 * 60_000);
    const { guest } = await visit.register();
    expect(await endsMs()).toBe(guest?.expiresAtMs);
    const over = await visit.take();
    expect(await endsMs()).toBe(guest?.expiresAtMs);
    await visit.refuse(over);
    expect(await endsMs()).toBe(clock.now() + guestTtlSeconds * 1000);
    await clock.advance(60_000);
    await visit.take();
    expect(await endsMs()).toBeGreaterThanOrEqual(clock.now() + guestTtlSeconds * 1000);
  });

  it('takes an item that DynamoDB should have removed for absent', async () => {
    const { clock, hash, visit } = start();
    await visit.register();
    const stale = await tables.item(tables.guestTableName, hash);
    await tables.put(tables.guestTableName, { ...stale, expiresAt: seconds(clock.now()) });
    expect(await visit.find()).toBeUndefined();
    expect(await visit.acquire()).toMatchObject({ takenOver: false });
  });

  it('removes what has expired when an entry is leased again', async () => {
    const { clock, visit, item } = start();
    await visit.register({ expiresAtMs: clock.now() + 1000, sealedToken: 'sealed' });
    await visit.enqueue();
    await clock.advance(1000);
    await visit.take();
    expect(await item()).not.toHaveProperty('guestId');
    expect(await item()).not.toHaveProperty('sealedToken');
    expect(await item()).toHaveProperty('queuedAt');
  });

  it('leaves no item behind when a first lease is released', async () => {
    const { visit, item } = start();
    await visit.release(await visit.take());
    expect(await item()).toBeUndefined();
  });

  it('writes no item for a statement about a session that was erased', async () => {
    const { visit, item } = start();
    await visit.state(refused, true);
    expect(await item()).toBeUndefined();
  });

  it('takes an item that is not as we write it for absent', async () => {
    const { hash, visit } = start();
    await tables.put(tables.guestTableName, {
      sessionHash: { S: hash },
      guestId: { N: '1' },
      queuedAt: { S: 'x' },
    });
    expect(await visit.find()).toBeUndefined();
  });

  it('acquires the older key’s lease first: containers that know only that one compete for it', async () => {
    const sent: unknown[] = [];
    const watched = localClient(tables.url);
    watched.middlewareStack.add(
      (next) => async (args) => {
        const input = args.input as { Item?: object; Key?: object };
        sent.push({ ...input.Item, ...input.Key });
        return await next(args);
      },
      { step: 'initialize' },
    );
    const clock = createTestClock();
    const registry = registryOn({ clock, leaseMs, guestTtlSeconds }, watched);
    const [newest, older] = [anyHash(), anyHash()];
    await createVisit(registry, clock, [newest, older]).acquire();
    expect(sent).toEqual([
      expect.objectContaining({ sessionHash: { S: older } }),
      expect.objectContaining({ sessionHash: { S: newest } }),
    ]);
    watched.destroy();
  });

  it('does not take a read of one of two hashes for the whole answer', async () => {
    const incomplete = localClient(tables.url);
    incomplete.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const Keys = [{ sessionHash: { S: 'older' } }];
        Object.assign(result.output, { UnprocessedKeys: { [tables.guestTableName]: { Keys } } });
        return result;
      },
      { step: 'initialize' },
    );
    const clock = createTestClock();
    const registry = registryOn({ clock, leaseMs, guestTtlSeconds }, incomplete);
    await expect(createVisit(registry, clock, ['newest', 'older']).find()).rejects.toBeInstanceOf(
      StoreUnavailableError,
    );
    incomplete.destroy();
  });

  it('counts a write as done that the SDK repeats because its response was lost', async () => {
    const repeating = localClient(tables.url);
    repeating.middlewareStack.add(
      (next) => async (args) => {
        await next(args);
        return await next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const { clock, visit } = start(repeating);
    const lease = await visit.acquire();
    expect(lease).toMatchObject({ takenOver: false });
    const renewed = lease && (await visit.renew(lease));
    expect(renewed).toBeDefined();
    expect(renewed && (await visit.complete(renewed))).toBe(true);
    const over = await visit.acquire(await visit.find());
    expect(over).toMatchObject({ takenOver: false });
    expect(over && (await visit.queue(over))).toBe(true);
    const worker = await visit.take();
    expect(await visit.complete(worker)).toBe(true);
    expect(await visit.fail(await visit.take())).toBe(true);
    expect(await visit.refuse(await visit.take())).toBe(true);
    await visit.release(await visit.take());
    const registry = registryOn({ clock, leaseMs, guestTtlSeconds }, repeating);
    expect(await createVisit(registry, clock, [anyHash()]).create()).toBe(true);
    repeating.destroy();
  });

  const anyLease = (hashes: Lease['hashes']): Lease => ({
    hashes,
    owner: 'me',
    untilMs: 0,
    takenOver: false,
  });
  it.each<
    [string, (registry: GuestRegistry, hashes: Lease['hashes'], deadline: Deadline) => Promise<unknown>]
  >([
    [
      'remember a contact',
      async (registry, hashes, deadline) =>
        await registry.rememberContact(hashes, 'guest', { id: 'c', digest: 'd' }, deadline),
    ],
    [
      'release a lease',
      async (registry, hashes, deadline) => await registry.release(anyLease(hashes), deadline),
    ],
  ])('has no write under way any more when it could not %s under one of two hashes', async (_, write) => {
    const uneven = localClient(tables.url);
    const order: string[] = [];
    let letGo = (): void => undefined;
    const slow = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    uneven.middlewareStack.add(
      (next) => async (args) => {
        const { Key } = args.input as { Key: { sessionHash: { S: string } } };
        if (Key.sessionHash.S === 'older') throw new Error('refused');
        await slow;
        return await next(args).finally(() => order.push('the other has ended'));
      },
      { step: 'initialize' },
    );
    const clock = createTestClock();
    const registry = registryOn({ clock, leaseMs, guestTtlSeconds }, uneven);
    const writing = write(registry, ['newest', 'older'], deadlineIn(clock, 5000)).catch((error: unknown) =>
      order.push(`failed: ${(error as Error).name}`),
    );
    await clock.advance(0);
    letGo();
    await writing;
    expect(order).toContain('the other has ended');
    expect(order.at(-1)).toBe('failed: StoreUnavailableError');
    uneven.destroy();
  });

  it('fails at once once five calls in a row have failed', async () => {
    const silentServer = await startSilentServer();
    const client = localClient(silentServer.url);
    const clock = createTestClock();
    const telemetry = createRecordedTelemetry<AwsEvent>();
    const registry = createGuestRegistry({
      client,
      tableName: tables.guestTableName,
      timeoutMs: 500,
      leaseMs,
      guestTtlSeconds,
      clock,
      telemetry,
    });
    const deadline = deadlineIn(clock, 60_000);
    for (let call = 0; call < 5; call += 1) {
      const finding = registry.find([anyHash()], deadline);
      const failing = expect(finding).rejects.toBeInstanceOf(StoreUnavailableError);
      await clock.advance(500);
      await failing;
    }
    // No time passes on this clock: the sixth call does not wait for its time limit.
    await expect(registry.acquire([anyHash()], undefined, 'me', deadline)).rejects.toBeInstanceOf(
      StoreUnavailableError,
    );
    expect(telemetry.of('registry_call_failed')).toEqual(
      Array.from({ length: 5 }, () => ({ operation: 'find', reason: 'TimeoutError' })),
    );
    expect(telemetry.of('table_breaker_opened')).toHaveLength(1);
    client.destroy();
    await silentServer.close();
  });
});

describe('both registries', () => {
  const consent = fc.constantFrom(explicit, silent, refused);
  const which = fc.constantFrom('newest' as const, 'older' as const, 'both' as const);
  const what = fc.oneof(
    fc.record({
      do: fc.constantFrom(
        'acquire',
        'acquireSeen',
        'create',
        'renew',
        'complete',
        'fail',
        'release',
        'drop',
        'refuse',
        'rememberContact',
      ),
    }),
    fc.record({ do: fc.constantFrom('queue', 'state'), consent }),
    // Shorter in all than a refusal lasts: a container's memory keeps that longer.
    fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(1000, leaseMs, 15 * 60_000) }),
  );
  const step = fc.tuple(which, what);
  const ttlSeconds = 6 * 3600;
  /** Found by chance once: who states the same consent again states it later than a refusal elsewhere. */
  const statedAgain: (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[] = [
    ['older', { do: 'create' }],
    ['newest', { do: 'acquire' }],
    ['newest', { do: 'queue', consent: refused }],
    ['newest', { do: 'wait', ms: 1000 }],
    ['older', { do: 'state', consent: explicit }],
  ];

  it('say the same whatever happens, under one hash or two', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const clock = createTestClock();
        const options = { clock, leaseMs, guestTtlSeconds: ttlSeconds };
        const [newest, older] = [anyHash(), anyHash()];
        const containers = [createMemoryRegistry(options), registryOn(options)].map((registry) => ({
          leases: new Map<string, Lease>(),
          newest: createVisit(registry, clock, [newest]),
          older: createVisit(registry, clock, [older]),
          both: createVisit(registry, clock, [newest, older]),
        }));
        const said = (registration: Registration | undefined) =>
          registration && { ...registration, versions: [...registration.versions.keys()] };
        const run = async (
          container: (typeof containers)[number],
          index: number,
          [who, { do: action, ...rest }]: (typeof steps)[number],
        ) => {
          const visit = container[who];
          const stated = 'consent' in rest ? rest.consent : explicit;
          // Half as long as a session keeps its guest at most, so that it may expire on the way.
          const guest = guestAt(clock.now(), {
            guestId: `guest-${index}`,
            consent: stated,
            expiresAtMs: clock.now() + 20 * 60_000,
          });
          const owner = `${index}`;
          const lease = container.leases.get(who);
          const acquired = async (seen: Registration | undefined) => {
            const granted = await visit.acquire(seen, owner);
            if (granted !== undefined) container.leases.set(who, granted);
            return granted;
          };
          if (action === 'acquire') return await acquired(undefined);
          if (action === 'acquireSeen') return await acquired(await visit.find());
          // Under one hash at a time: see the promise above that does not hold yet.
          if (action === 'create') return who === 'both' ? undefined : await visit.create(guest);
          if (action === 'state') return await visit.state(stated);
          if (action === 'rememberContact') {
            return await visit.rememberContact((await visit.find())?.guest?.guestId ?? 'nobody');
          }
          if (lease === undefined) return undefined;
          if (action === 'renew') return await visit.renew(lease);
          if (action === 'complete') return await visit.complete(lease, guest);
          if (action === 'queue') return await visit.queue(lease, stated);
          if (action === 'refuse') return await visit.refuse(lease, refused);
          if (action === 'fail') return await visit.fail(lease);
          if (action === 'release') return await visit.release(lease);
          if (action === 'drop') return await visit.release(lease, { dropQueued: true });
          return undefined;
        };
        for (const [index, now] of steps.entries()) {
          const [, { ...rest }] = now;
          if ('ms' in rest) await clock.advance(rest.ms);
          const outcomes = [];
          for (const container of containers) {
            outcomes.push([
              await run(container, index, now),
              said(await container.newest.find()),
              said(await container.older.find()),
              said(await container.both.find()),
            ]);
          }
          expect(outcomes[1]).toEqual(outcomes[0]);
        }
      }),
      { numRuns: 60, examples: [[statedAgain]] },
    );
  }, 120_000);
});
