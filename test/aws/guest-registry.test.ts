import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { AwsEvent } from '../../lambda/aws/events.ts';
import { createGuestRegistry } from '../../lambda/aws/guest-registry.ts';
import { createMemoryRegistry } from '../../lambda/aws/memory-registry.ts';
import { StoreUnavailableError } from '../../lambda/guest/errors.ts';
import type { Claim, GuestRegistry, Registration } from '../../lambda/guest/ports.ts';
import { createTestClock, deadlineIn } from '../support/clock.ts';
import { localClient, startTestTables, type TestTables } from '../support/dynamodb.ts';
import { createRecordedTelemetry } from '../support/recorded-telemetry.ts';
import {
  anyHash,
  describeRegistry,
  guestAt,
  guestTtlSeconds,
  leaseMs,
  type RegistryUnderTest,
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
  const start = () => {
    const clock = createTestClock();
    const registry = registryOn({ clock, leaseMs, guestTtlSeconds });
    const deadline = deadlineIn(clock, 3_600_000);
    const hash = anyHash();
    const claim = async (over?: Registration): Promise<Claim> => {
      const claimed = await registry.claim(hash, over, deadline);
      if (claimed === undefined) throw new Error('The lease is somebody else’s.');
      return claimed;
    };
    const found = async (): Promise<Registration> => {
      const registration = await registry.find([hash], deadline);
      if (registration === undefined) throw new Error('There is no live entry.');
      return registration;
    };
    const item = async () => await tables.item(tables.guestTableName, hash);
    return { clock, registry, deadline, hash, claim, found, item };
  };
  const seconds = (ms: number) => ({ N: String(Math.ceil(ms / 1000)) });

  it('keeps a registered guest in the agreed item, with the evidence of its consent and its TTL', async () => {
    const { clock, registry, deadline, hash, claim, item } = start();
    const guest = guestAt(clock.now(), {
      sealedToken: 'sealed',
      consent: { given: false, type: 'implicit' },
    });
    await registry.complete(await claim(), guest, deadline);
    expect(await item()).toEqual({
      sessionHash: { S: hash },
      guestId: { S: 'guest-1' },
      provider: { S: 'webchat-v1' },
      profileDigest: { S: 'digest-1' },
      anonymous: { BOOL: false },
      guestConsent: { S: 'false:implicit' },
      registeredAt: { N: String(clock.now()) },
      guestExpiresAt: { N: String(clock.now() + guestTtlSeconds * 1000) },
      sealedToken: { S: 'sealed' },
      consentGiven: { BOOL: false },
      consentType: { S: 'implicit' },
      consentAt: { S: new Date(clock.now()).toISOString() },
      version: { S: expect.any(String) },
      expiresAt: seconds(clock.now() + guestTtlSeconds * 1000),
    });
  });

  it('keeps the time at which a queued visitor stated the consent, not that of the registration', async () => {
    const { clock, registry, deadline, claim, found, item } = start();
    const statedAt = new Date(clock.now()).toISOString();
    await registry.queue(await claim(), { given: true, type: 'explicit' }, deadline);
    await clock.advance(60_000);
    await registry.complete(await claim(await found()), guestAt(clock.now()), deadline);
    expect(await item()).toMatchObject({
      guestId: { S: 'guest-1' },
      consentGiven: { BOOL: true },
      consentAt: { S: statedAt },
      expiresAt: seconds(clock.now() + guestTtlSeconds * 1000),
    });
  });

  it('keeps the evidence of a consent that was withdrawn while the guest was being registered', async () => {
    const { clock, registry, deadline, claim, found, item } = start();
    await registry.queue(await claim(), { given: true, type: 'explicit' }, deadline);
    const held = await claim(await found());
    await clock.advance(1000);
    await registry.updateConsent(await found(), { given: false, type: 'explicit' }, deadline);
    await registry.complete(held, guestAt(clock.now()), deadline);
    expect(await item()).toMatchObject({
      guestConsent: { S: 'true:explicit' },
      consentGiven: { BOOL: false },
      consentAt: { S: new Date(clock.now()).toISOString() },
    });
  });

  it('never lets the TTL end before what the item holds', async () => {
    const { clock, registry, deadline, claim, found, item } = start();
    const endsMs = async () => Number((await item())?.['expiresAt']?.N) * 1000;
    const first = await claim();
    expect(await endsMs()).toBeGreaterThanOrEqual(clock.now() + leaseMs);
    await registry.queue(first, { given: true, type: 'explicit' }, deadline);
    expect(await endsMs()).toBeGreaterThanOrEqual(clock.now() + 15 * 60_000);
    const guest = guestAt(clock.now());
    await registry.complete(await claim(await found()), guest, deadline);
    expect(await endsMs()).toBe(guest.expiresAtMs);
    await claim(await found());
    expect(await endsMs()).toBe(guest.expiresAtMs);
  });

  it('takes an item that DynamoDB should have removed for absent', async () => {
    const { clock, registry, deadline, hash, claim } = start();
    await registry.complete(await claim(), guestAt(clock.now()), deadline);
    const stale = await tables.item(tables.guestTableName, hash);
    await tables.put(tables.guestTableName, { ...stale, expiresAt: seconds(clock.now()) });
    expect(await registry.find([hash], deadline)).toBeUndefined();
    expect(await claim()).toMatchObject({ takenOver: false });
  });

  it('removes what has run out when an entry is claimed anew', async () => {
    const { clock, registry, deadline, claim, found, item } = start();
    const short = guestAt(clock.now(), { expiresAtMs: clock.now() + 1000, sealedToken: 'sealed' });
    await registry.complete(await claim(), short, deadline);
    await registry.queue(await claim(await found()), { given: true, type: 'explicit' }, deadline);
    await clock.advance(1000);
    await claim(await found());
    expect(await item()).not.toHaveProperty('guestId');
    expect(await item()).not.toHaveProperty('sealedToken');
    expect(await item()).toHaveProperty('queuedAt');
  });

  it('leaves no item behind when a first claim is given back', async () => {
    const { registry, deadline, claim, item } = start();
    await registry.release(await claim(), deadline);
    expect(await item()).toBeUndefined();
  });

  it('takes an item that is not as we write it for absent', async () => {
    const { registry, deadline, hash } = start();
    await tables.put(tables.guestTableName, {
      sessionHash: { S: hash },
      guestId: { N: '1' },
      queuedAt: { S: 'x' },
    });
    expect(await registry.find([hash], deadline)).toBeUndefined();
  });

  it('counts a write as done that the SDK repeats because its answer was lost', async () => {
    const { clock, deadline, hash } = start();
    const repeating = localClient(tables.url);
    repeating.middlewareStack.add(
      (next) => async (args) => {
        await next(args);
        return await next(args);
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const registry = registryOn({ clock, leaseMs, guestTtlSeconds }, repeating);
    const claim = await registry.claim(hash, undefined, deadline);
    expect(claim).toMatchObject({ takenOver: false });
    const renewed = claim && (await registry.renew(claim, deadline));
    expect(renewed).toBeDefined();
    expect(renewed && (await registry.complete(renewed, guestAt(clock.now()), deadline))).toBe(true);
    const over = await registry.claim(hash, await registry.find([hash], deadline), deadline);
    expect(over).toMatchObject({ takenOver: false });
    expect(over && (await registry.queue(over, { given: true, type: 'explicit' }, deadline))).toBe(true);
    repeating.destroy();
  });

  it('fails at once once five calls in a row have failed', async () => {
    const silent = await startSilentServer();
    const client = localClient(silent.url);
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
    await expect(registry.claim(anyHash(), undefined, deadline)).rejects.toBeInstanceOf(
      StoreUnavailableError,
    );
    expect(telemetry.of('registry_call_failed')).toEqual(
      Array.from({ length: 5 }, () => ({ operation: 'find', reason: 'TimeoutError' })),
    );
    expect(telemetry.of('table_breaker_opened')).toHaveLength(1);
    client.destroy();
    await silent.close();
  });
});

describe('both registries', () => {
  const consent = fc.constantFrom(
    { given: true, type: 'explicit' } as const,
    { given: false, type: 'explicit' } as const,
  );
  const step = fc.oneof(
    fc.record({ do: fc.constantFrom('claim', 'claimOver', 'renew', 'complete', 'fail', 'release', 'drop') }),
    fc.record({ do: fc.constantFrom('queue', 'updateConsent'), consent }),
    fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(1000, leaseMs, 15 * 60_000) }),
  );

  it('give the same answers to whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const clock = createTestClock();
        const deadline = deadlineIn(clock, 100 * 3_600_000);
        const hash = randomUUID();
        const options = { clock, leaseMs, guestTtlSeconds: 1200 };
        const run = async (registry: GuestRegistry, { do: what, ...with_ }: (typeof steps)[number]) => {
          const state = states.get(registry) ?? {};
          states.set(registry, state);
          const stated = 'consent' in with_ ? with_.consent : { given: true, type: 'explicit' as const };
          const seen = await registry.find([hash], deadline);
          const { claim } = state;
          if (what === 'claim') state.claim = (await registry.claim(hash, undefined, deadline)) ?? claim;
          if (what === 'claimOver' && seen)
            state.claim = (await registry.claim(hash, seen, deadline)) ?? claim;
          if (what === 'updateConsent' && seen) await registry.updateConsent(seen, stated, deadline);
          if (claim === undefined) return seen;
          if (what === 'renew') return await registry.renew(claim, deadline);
          if (what === 'complete') return await registry.complete(claim, guestAt(clock.now()), deadline);
          if (what === 'queue') return await registry.queue(claim, stated, deadline);
          if (what === 'fail') return await registry.fail(claim, deadline);
          if (what === 'release') await registry.release(claim, deadline);
          if (what === 'drop') await registry.release(claim, deadline, { dropQueued: true });
          return state.claim;
        };
        const states = new Map<GuestRegistry, { claim?: Claim | undefined }>();
        const registries = [createMemoryRegistry(options), registryOn(options)];
        for (const now of steps) {
          if ('ms' in now) await clock.advance(now.ms);
          const answers = [];
          for (const registry of registries) {
            const answer = await run(registry, now);
            const entry = await registry.find([hash], deadline);
            answers.push([
              typeof answer === 'object' ? { ...answer, owner: '', version: '' } : answer,
              entry && { ...entry, version: '' },
            ]);
          }
          expect(answers[1]).toEqual(answers[0]);
        }
      }),
      { numRuns: 40 },
    );
  });
});
