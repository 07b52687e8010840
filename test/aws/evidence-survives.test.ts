import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AwsEvent } from '../../lambda/aws/events.ts';
import { createGuestRegistry } from '../../lambda/aws/guest-registry.ts';
import { createMemoryRegistry } from '../../lambda/aws/memory-registry.ts';
import type { GuestRegistry } from '../../lambda/guest/ports.ts';
import { createTestClock } from '../support/clock.ts';
import { startTestTables, type TestTables } from '../support/dynamodb.ts';
import { createRecordedTelemetry } from '../support/recorded-telemetry.ts';
import {
  anyHash,
  createVisit,
  explicit,
  guestAt,
  guestTtlSeconds,
  leaseMs,
  type RegistryUnderTest,
  refused,
  silent,
} from '../support/registry-contract.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTestTables();
});
afterAll(async () => await tables.close());

const registries: readonly [string, (options: RegistryUnderTest) => GuestRegistry][] = [
  ['the memory of a container', (options) => createMemoryRegistry(options)],
  [
    'DynamoDB',
    (options) =>
      createGuestRegistry({
        ...options,
        client: tables.client,
        tableName: tables.guestTableName,
        timeoutMs: 5000,
        telemetry: createRecordedTelemetry<AwsEvent>(),
      }),
  ],
];

describe.each(registries)('In %s', (_, create) => {
  const start = () => {
    const clock = createTestClock();
    const registry = create({ clock, leaseMs, guestTtlSeconds });
    return { clock, visit: createVisit(registry, clock, [anyHash()]) };
  };

  it('a session stays verified when a late unverified statement lands', async () => {
    const { visit } = start();
    await visit.register({ verified: true });
    await visit.state(explicit);
    expect(await visit.found()).toMatchObject({ verified: true });
  });

  it('a session that was verified while the worker registered stays verified', async () => {
    const { clock, visit } = start();
    await visit.enqueue();
    const lease = await visit.take();
    await visit.state(explicit, true);
    expect(await visit.complete(lease, guestAt(clock.now()))).toBe(true);
    expect(await visit.found()).toMatchObject({ guest: { verified: false }, verified: true });
  });

  it('silence takes back neither a refusal nor a consent that was stated', async () => {
    const { visit } = start();
    await visit.enqueue(refused);
    await visit.state(silent, true);
    expect(await visit.found()).toMatchObject({ consent: refused, verified: true });
    await visit.state(explicit);
    await visit.state(silent);
    expect(await visit.found()).toMatchObject({ consent: explicit });
  });
});

it('In DynamoDB, a consent that lands late takes back no refusal that was stated after it', async () => {
  const [, create] = registries[1] ?? [];
  if (create === undefined) throw new Error('There is no such registry.');
  const clock = createTestClock();
  const settings = { leaseMs, guestTtlSeconds };
  const hash = anyHash();
  const visit = createVisit(create({ clock, ...settings }), clock, [hash]);
  await visit.register();
  const early = createTestClock(clock.now());
  await clock.advance(1000);
  await visit.state(refused);
  const late = createVisit(create({ clock: early, ...settings }), early, [hash]);
  await late.state(explicit, true);
  expect(await visit.found()).toMatchObject({ consent: refused, verified: true });
  await visit.state(explicit);
  expect(await visit.found()).toMatchObject({ consent: explicit, verified: true });
});
