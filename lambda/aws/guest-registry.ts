import { randomUUID } from 'node:crypto';
import {
  type AttributeValue as Attribute,
  BatchGetItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { StoreUnavailableError } from '../guest/errors.ts';
import type { Clock, Deadline, GuestRegistry, KnownGuest, Lease, Telemetry } from '../guest/ports.ts';
import { leaseSkewMs } from '../guest/registration.ts';
import type { AwsEvent } from './events.ts';
import {
  type Item,
  itemFromConsent,
  itemFromEvidence,
  itemFromGuest,
  milliseconds,
  registrationFromItems,
  ttl,
} from './guest-item.ts';
import {
  leaseAttributes,
  leaseNew,
  leaseOver,
  notRefused,
  putNew,
  refusalValues,
  tookOver,
} from './lease-commands.ts';
import { createTableGuard, unlessConditionFails } from './table-guard.ts';

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
}

type Write = PutItemCommand | UpdateItemCommand | DeleteItemCommand;
interface Change {
  readonly set?: Item;
  readonly remove?: readonly string[];
}

/** An update that only the holder of the lease may make; one that the SDK repeats counts as done. */
const heldUpdate = (
  TableName: string,
  sessionHash: string,
  owner: string,
  { set = {}, remove = [] }: Change,
): UpdateItemCommand => {
  const changes = Object.entries({ ...set, version: { S: randomUUID() } });
  const names = [...changes.map(([name]) => name), ...remove];
  return new UpdateItemCommand({
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
};

/**
 * The registry in DynamoDB. Every write is conditional, and one that the SDK repeats after its response was lost
 * counts as done: each carries an owner or a version that nobody else has.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html
 */
export const createGuestRegistry = (options: GuestRegistryOptions): GuestRegistry => {
  const { client, tableName, tableName: TableName, leaseMs, guestTtlSeconds, clock } = options;
  const guard = createTableGuard({ ...options, failed: 'registry_call_failed' });
  const guestTtlMs = guestTtlSeconds * 1000;

  /** Sends a conditional write; a lost condition is `undefined`. */
  const write = async (operation: string, command: Write, deadline: Deadline) =>
    await guard(operation, deadline, async (abortSignal) => {
      // The three commands respond with the same fields, which their types do not say.
      return await unlessConditionFails(client.send(command as PutItemCommand, { abortSignal }));
    });

  /**
   * The same write under each hash. Waits for all of them, also when one fails: what goes on after a response is
   * frozen in the middle. @returns whether every condition held
   */
  const everywhere = async (
    hashes: readonly string[],
    one: (sessionHash: string) => Promise<boolean>,
  ): Promise<boolean> => {
    const writes = await Promise.allSettled(hashes.map(one));
    const failed = writes.find((write) => write.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return writes.every((write) => write.status === 'fulfilled' && write.value);
  };

  const updateHeld = async (
    operation: string,
    { hashes, owner }: Lease,
    change: Change,
    deadline: Deadline,
  ) =>
    await everywhere(hashes, async (hash) => {
      const command = heldUpdate(TableName, hash, owner, change);
      return (await write(operation, command, deadline)) !== undefined;
    });

  const capped = (guest: KnownGuest): KnownGuest => ({
    ...guest,
    expiresAtMs: Math.min(guest.expiresAtMs, clock.now() + guestTtlMs),
  });

  /** A whole item of a guest whose consent was stated just now. */
  const itemOf = (sessionHash: string, guest: KnownGuest): Item => ({
    sessionHash: { S: sessionHash },
    ...itemFromGuest(guest),
    ...itemFromEvidence(guest, clock.now()),
    expiresAt: ttl(guest.expiresAtMs),
    version: { S: randomUUID() },
  });

  const completeOne = async (
    sessionHash: string,
    owner: string,
    guest: KnownGuest,
    deadline: Deadline,
  ): Promise<boolean> => {
    const item = itemOf(sessionHash, guest);
    const version = item['version'] as Attribute;
    const whole = new PutItemCommand({
      TableName,
      Item: item,
      // Silence never replaces a refusal, which may have been stated while the guest was being registered.
      ConditionExpression: `(leaseOwner = :owner AND attribute_not_exists(queuedAt)${
        guest.consent.stated ? '' : ` AND ${notRefused}`
      }) OR version = :version`,
      ExpressionAttributeValues: {
        ':owner': { S: owner },
        ':version': version,
        ...(guest.consent.stated ? {} : refusalValues),
      },
    });
    if ((await write('complete', whole, deadline)) !== undefined) return true;
    // The evidence of a queued registration was written when the visitor stated it, or something newer: it stays.
    // So does the mark of a session that was verified meanwhile.
    const remove = [...leaseAttributes, 'queuedAt', 'failedAt'];
    if (guest.sealedToken === undefined) remove.push('sealedToken');
    const set = {
      ...itemFromGuest(guest),
      ...(guest.verified ? { verified: { BOOL: true } } : {}),
      expiresAt: ttl(guest.expiresAtMs),
    };
    const kept = heldUpdate(TableName, sessionHash, owner, { set, remove });
    return (await write('complete', kept, deadline)) !== undefined;
  };

  const releaseOne = async (
    sessionHash: string,
    owner: string,
    dropQueued: boolean,
    deadline: Deadline,
  ): Promise<void> => {
    const empty = ['guestId', 'failedAt', ...(dropQueued ? [] : ['queuedAt'])];
    const whole = new DeleteItemCommand({
      TableName,
      Key: { sessionHash: { S: sessionHash } },
      ConditionExpression: [
        'leaseOwner = :owner',
        notRefused,
        ...empty.map((name) => `attribute_not_exists(${name})`),
      ].join(' AND '),
      ExpressionAttributeValues: { ':owner': { S: owner }, ...refusalValues },
    });
    if ((await write('release', whole, deadline)) !== undefined) return;
    const remove = [...leaseAttributes, ...(dropQueued ? ['queuedAt'] : [])];
    await write('release', heldUpdate(TableName, sessionHash, owner, { remove }), deadline);
  };

  const registry: GuestRegistry = {
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
      return registrationFromItems(hashes, items, clock.now());
    },

    acquire: async (hashes, seen, owner, deadline) => {
      const nowMs = clock.now();
      const untilMs = nowMs + leaseMs;
      const lease: Lease = { hashes, owner, untilMs: untilMs - leaseSkewMs, takenOver: false };
      let takenOver = false;
      // The oldest key's first: containers that know only that one compete for it, too.
      for (const sessionHash of hashes.toReversed()) {
        const request = { tableName, sessionHash, untilMs, nowMs, owner, guestTtlMs };
        const version = seen?.versions.get(sessionHash);
        const command =
          seen === undefined || version === undefined ? leaseNew(request) : leaseOver(seen, version, request);
        const written = await write('acquire', command, deadline);
        if (written === undefined) {
          // None is held under this hash, where releasing does nothing.
          // What cannot be released now expires; somebody was faster all the same.
          if (hashes.length > 1) await registry.release(lease, deadline).catch(() => undefined);
          return undefined;
        }
        takenOver ||= tookOver(written.Attributes, owner);
      }
      return { ...lease, takenOver };
    },

    create: async (sessionHash, guest, deadline) => {
      const item = itemOf(sessionHash, capped(guest));
      const ours = ['version = :version', { ':version': item['version'] as Attribute }] as const;
      return (await write('create', putNew(TableName, item, ours, clock.now()), deadline)) !== undefined;
    },

    renew: async (lease, deadline) => {
      const untilMs = clock.now() + leaseMs;
      const set = { leaseUntil: milliseconds(untilMs) };
      const renewed = await updateHeld('renew', lease, { set }, deadline);
      return renewed ? { ...lease, untilMs: untilMs - leaseSkewMs } : undefined;
    },

    complete: async ({ hashes, owner }, guest, deadline) => {
      return await everywhere(
        hashes,
        async (hash) => await completeOne(hash, owner, capped(guest), deadline),
      );
    },

    queue: async (lease, queuedAtMs, evidence, deadline) => {
      const set = { queuedAt: milliseconds(queuedAtMs), ...itemFromEvidence(evidence, clock.now()) };
      return await updateHeld('queue', lease, { set, remove: [...leaseAttributes, 'failedAt'] }, deadline);
    },

    refuse: async (lease, evidence, deadline) => {
      const nowMs = clock.now();
      const set = { ...itemFromEvidence(evidence, nowMs), expiresAt: ttl(nowMs + guestTtlMs) };
      return await updateHeld('refuse', lease, { set, remove: leaseAttributes }, deadline);
    },

    fail: async (lease, deadline) => {
      const set = { failedAt: milliseconds(clock.now()) };
      return await updateHeld('fail', lease, { set, remove: [...leaseAttributes, 'queuedAt'] }, deadline);
    },

    release: async ({ hashes, owner }, deadline, { dropQueued = false } = {}) => {
      await everywhere(hashes, async (hash) => {
        await releaseOne(hash, owner, dropQueued, deadline);
        return true;
      });
    },

    rememberContact: async (hashes, guestId, contact, deadline) =>
      await everywhere(hashes, async (sessionHash) => {
        const command = new UpdateItemCommand({
          TableName,
          Key: { sessionHash: { S: sessionHash } },
          UpdateExpression: 'SET contactId = :id, contactDigest = :digest',
          ConditionExpression: 'guestId = :guest',
          ExpressionAttributeValues: {
            ':id': { S: contact.id },
            ':digest': { S: contact.digest },
            ':guest': { S: guestId },
          },
        });
        return (await write('rememberContact', command, deadline)) !== undefined;
      }),

    updateEvidence: async (hashes, { consent, verified }, deadline) => {
      const mark: Item = verified ? { verified: { BOOL: true } } : {};
      const stated: Item = consent.stated ? itemFromConsent(consent, clock.now()) : {};
      await everywhere(hashes, async (sessionHash) => {
        const update = async (set: Item, [condition, values]: readonly [string, Item]): Promise<boolean> => {
          const changes = Object.entries({ ...set, version: { S: randomUUID() } });
          const command = new UpdateItemCommand({
            TableName,
            Key: { sessionHash: { S: sessionHash } },
            UpdateExpression: `SET ${changes.map(([name]) => `${name} = :${name}`).join(', ')}`,
            ConditionExpression: condition,
            ExpressionAttributeValues: {
              ...Object.fromEntries(changes.map(([name, value]) => [`:${name}`, value])),
              ...values,
            },
          });
          return (await write('updateEvidence', command, deadline)) !== undefined;
        };
        // Never brings back an entry that was erased meanwhile.
        const exists = 'attribute_exists(version)';
        if (!consent.stated || !consent.given) {
          return await update({ ...stated, ...mark }, [exists, {}]);
        }
        // A write that lands late takes back no refusal that was stated after it; a clock that is ahead never keeps
        // a refusal out.
        const newest = [
          `${exists} AND (NOT consentAt > :consentAt OR ${notRefused})`,
          refusalValues,
        ] as const;
        if (await update({ ...stated, ...mark }, newest)) return true;
        return verified && (await update(mark, [exists, {}]));
      });
    },
  };
  return registry;
};
