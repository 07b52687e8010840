import { randomUUID } from 'node:crypto';
import {
  BatchGetItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { StoreUnavailableError } from '../guest/errors.ts';
import type { Claim, Clock, Deadline, GuestRegistry, Telemetry } from '../guest/ports.ts';
import { leaseSkewMs } from '../guest/registration.ts';
import type { AwsEvent } from './events.ts';
import {
  type Item,
  itemFromConsent,
  itemFromGuest,
  milliseconds,
  newestRegistration,
  ttl,
} from './guest-item.ts';
import { type BidOptions, bidForNew, bidOver } from './registry-claims.ts';
import { createTableGuard } from './table-guard.ts';
import type { TablePulse } from './table-pulse.ts';

export interface GuestRegistryOptions {
  readonly client: DynamoDBClient;
  readonly tableName: string;
  /** Longest wait for one call. */
  readonly timeoutMs: number;
  /** Longest a lease lasts. */
  readonly leaseMs: number;
  /** Longest a guest is remembered, whatever its own end says. */
  readonly guestTtlSeconds: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry<AwsEvent>;
  readonly pulse?: TablePulse;
}

type Write = PutItemCommand | UpdateItemCommand | DeleteItemCommand;

/**
 * The registry in DynamoDB. Every write is conditional, and one that the SDK repeats after its answer was lost
 * counts as done: each carries an owner or a version that nobody else has.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
 */
export const createGuestRegistry = (options: GuestRegistryOptions): GuestRegistry => {
  const { client, tableName: TableName, leaseMs, guestTtlSeconds, clock } = options;
  const guard = createTableGuard({ ...options, failed: 'registry_call_failed' });

  /** Sends a conditional write; a lost condition is `undefined`. */
  const write = async (operation: string, command: Write, deadline: Deadline) =>
    await guard(operation, deadline, async (abortSignal) => {
      try {
        // The three commands answer with the same fields, which their types do not say.
        return await client.send(command as PutItemCommand, { abortSignal });
      } catch (error) {
        if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return undefined;
        throw error;
      }
    });

  /** An update that only the holder of the lease may make: `change`, and what ends the lease. */
  const updateHeld = async (
    operation: string,
    { sessionHash, owner }: Claim,
    { set = {}, remove = [] }: { readonly set?: Item; readonly remove?: readonly string[] },
    deadline: Deadline,
  ): Promise<boolean> => {
    const changes = Object.entries({ ...set, version: { S: randomUUID() } });
    const names = [...changes.map(([name]) => name), ...remove];
    const command = new UpdateItemCommand({
      TableName,
      Key: { sessionHash: { S: sessionHash } },
      UpdateExpression: [
        `SET ${changes.map(([name]) => `#${name} = :${name}`).join(', ')}`,
        ...(remove.length === 0 ? [] : [`REMOVE ${remove.map((name) => `#${name}`).join(', ')}`]),
      ].join(' '),
      ConditionExpression: 'leaseOwner = :owner OR version = :version',
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: {
        ...Object.fromEntries(changes.map(([name, value]) => [`:${name}`, value])),
        ':owner': { S: owner },
      },
    });
    return (await write(operation, command, deadline)) !== undefined;
  };
  const lease = ['leaseOwner', 'leaseUntil'];

  return {
    find: async (hashes, deadline) => {
      const keys = hashes.map((sessionHash) => ({ sessionHash: { S: sessionHash } }));
      const items = await guard('find', deadline, async (abortSignal): Promise<readonly Item[]> => {
        if (keys.length === 1) {
          const get = new GetItemCommand({ TableName, Key: keys[0], ConsistentRead: true });
          const { Item: item } = await client.send(get, { abortSignal });
          return item === undefined ? [] : [item];
        }
        const get = new BatchGetItemCommand({
          RequestItems: { [TableName]: { Keys: keys, ConsistentRead: true } },
        });
        const { Responses, UnprocessedKeys } = await client.send(get, { abortSignal });
        if (UnprocessedKeys?.[TableName] !== undefined) throw new StoreUnavailableError('unprocessed keys');
        return Responses?.[TableName] ?? [];
      });
      return newestRegistration(hashes, items, clock.now());
    },

    claim: async (sessionHash, over, deadline, owner = randomUUID()) => {
      const bid: BidOptions = { tableName: TableName, sessionHash, leaseMs, nowMs: clock.now(), owner };
      const { command, claim } = over === undefined ? bidForNew(bid) : bidOver(over, bid);
      const written = await write('claim', command, deadline);
      return written && claim(written.Attributes);
    },

    renew: async (claim, deadline) => {
      const untilMs = clock.now() + leaseMs;
      const set = { leaseUntil: milliseconds(untilMs) };
      const renewed = await updateHeld('renew', claim, { set }, deadline);
      return renewed ? { ...claim, untilMs: untilMs - leaseSkewMs } : undefined;
    },

    complete: async (claim, { ...guest }, deadline) => {
      const nowMs = clock.now();
      guest.expiresAtMs = Math.min(guest.expiresAtMs, nowMs + guestTtlSeconds * 1000);
      const set = { ...itemFromGuest(guest), expiresAt: ttl(guest.expiresAtMs) };
      const version = { S: randomUUID() };
      const whole = new PutItemCommand({
        TableName,
        Item: {
          sessionHash: { S: claim.sessionHash },
          ...set,
          ...itemFromConsent(guest.consent, nowMs),
          version,
        },
        ConditionExpression: '(leaseOwner = :owner AND attribute_not_exists(queuedAt)) OR version = :version',
        ExpressionAttributeValues: { ':owner': { S: claim.owner }, ':version': version },
      });
      if ((await write('complete', whole, deadline)) !== undefined) return true;
      // The evidence of a queued registration was written when the visitor stated it, or something newer: it stays.
      const remove = [
        ...lease,
        'queuedAt',
        'failedAt',
        ...(guest.sealedToken === undefined ? ['sealedToken'] : []),
      ];
      return await updateHeld('complete', claim, { set, remove }, deadline);
    },

    queue: async (claim, consent, deadline) => {
      const nowMs = clock.now();
      const set = { queuedAt: milliseconds(nowMs), ...itemFromConsent(consent, nowMs) };
      return await updateHeld('queue', claim, { set, remove: [...lease, 'failedAt'] }, deadline);
    },

    updateConsent: async ({ sessionHash }, consent, deadline) => {
      const evidence = itemFromConsent(consent, clock.now());
      const command = new UpdateItemCommand({
        TableName,
        Key: { sessionHash: { S: sessionHash } },
        UpdateExpression:
          'SET consentGiven = :given, consentType = :type, consentAt = :at, version = :version',
        ConditionExpression: 'attribute_exists(queuedAt)',
        ExpressionAttributeValues: {
          ':given': evidence.consentGiven,
          ':type': evidence.consentType,
          ':at': evidence.consentAt,
          ':version': { S: randomUUID() },
        },
      });
      await write('updateConsent', command, deadline);
    },

    fail: async (claim, deadline) => {
      const set = { failedAt: milliseconds(clock.now()) };
      return await updateHeld('fail', claim, { set, remove: [...lease, 'queuedAt'] }, deadline);
    },

    release: async (claim, deadline, { dropQueued = false } = {}) => {
      const empty = ['guestId', 'failedAt', ...(dropQueued ? [] : ['queuedAt'])];
      const whole = new DeleteItemCommand({
        TableName,
        Key: { sessionHash: { S: claim.sessionHash } },
        ConditionExpression: [
          'leaseOwner = :owner',
          ...empty.map((name) => `attribute_not_exists(${name})`),
        ].join(' AND '),
        ExpressionAttributeValues: { ':owner': { S: claim.owner } },
      });
      if ((await write('release', whole, deadline)) !== undefined) return;
      const remove = [...lease, ...(dropQueued ? ['queuedAt'] : [])];
      await updateHeld('release', claim, { remove }, deadline);
    },
  };
};
