import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AwsEvent } from '../../lambda/aws/events.ts';
import { createReferenceBindings } from '../../lambda/aws/reference-bindings.ts';
import { StoreUnavailableError } from '../../lambda/guest/errors.ts';
import { createTestClock, deadlineIn, type TestClock } from '../support/clock.ts';
import { localClient, startTestTables, type TestTables } from '../support/dynamodb.ts';
import { createRecordedTelemetry } from '../support/recorded-telemetry.ts';
import { anyHash } from '../support/registry-contract.ts';

describe('which conversation a guest reference belongs to', () => {
  let tables: TestTables;
  let clock: TestClock;
  let reference: string;
  beforeAll(async () => {
    tables = await startTestTables();
  });
  afterAll(async () => await tables.close());
  beforeEach(() => {
    clock = createTestClock();
    reference = `v1.${anyHash()}`;
  });

  const bind = async (conversationId: string, untilMs = clock.now() + 60_000, client = tables.client) =>
    await createReferenceBindings({
      client,
      tableName: tables.guestTableName,
      timeoutMs: 500,
      clock,
      telemetry: createRecordedTelemetry<AwsEvent>(),
    }).bind(reference, conversationId, untilMs, deadlineIn(clock));

  it('is the first that presents it, however often that asks, and no other', async () => {
    expect(await bind('first')).toBe(true);
    expect(await bind('second')).toBe(false);
    expect(await bind('first')).toBe(true);
    expect(await bind('second')).toBe(false);
  });

  it('is one of 20 that present it at once', async () => {
    const bound = await Promise.all(Array.from({ length: 20 }, async (_, index) => await bind(`${index}`)));
    expect(bound.filter(Boolean)).toHaveLength(1);
  });

  it('is remembered until the guest ends, whether DynamoDB has removed the item or not', async () => {
    await bind('first');
    await clock.advance(59_000);
    expect(await bind('second')).toBe(false);
    await clock.advance(1000);
    expect(await bind('second', clock.now() + 60_000)).toBe(true);
  });

  it('is remembered without the reference: the table alone opens nothing', async () => {
    const sent: string[] = [];
    const watched = localClient(tables.url);
    watched.middlewareStack.add(
      (next) => async (args) => {
        sent.push(JSON.stringify(args.input));
        return await next(args);
      },
      { step: 'initialize' },
    );
    await bind('first', clock.now() + 60_000, watched);
    expect(sent).toHaveLength(1);
    expect(sent[0]).not.toContain(reference);
    expect(sent[0]).toMatch(/reference#[0-9a-f]{64}/);
    watched.destroy();
  });

  it('is an error, not an answer, where the table cannot be reached', async () => {
    const nowhere = localClient('http://127.0.0.1:1');
    await expect(bind('first', clock.now() + 60_000, nowhere)).rejects.toBeInstanceOf(StoreUnavailableError);
    nowhere.destroy();
  });
});
