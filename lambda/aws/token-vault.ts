import { randomUUID } from 'node:crypto';
import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { SealedToken, SharedTokenStore } from '../genesys/shared-token-store.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import type { AwsEvent } from './events.ts';
import { type Item, milliseconds, ttl } from './guest-item.ts';
import { createTableGuard } from './table-guard.ts';
import type { TablePulse } from './table-pulse.ts';
import type { Companion } from './visitor-tables.ts';

export interface TokenVaultOptions {
  readonly client: DynamoDBClient;
  /** The registry table: the token lies beside the guests, under a key that is no session hash. */
  readonly tableName: string;
  /** Longest wait for one call. */
  readonly timeoutMs: number;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry<AwsEvent>;
  /** Key of the token that is in use, once it is known. */
  readonly key: () => string | undefined;
  /** Whether somebody will read the token soon: then it comes with the tables' round trip. */
  readonly wanted: () => boolean;
  readonly pulse?: TablePulse;
}

export interface TokenVault extends SharedTokenStore {
  readonly companion: Companion;
}

/** A token that came with the tables' round trip is good for one read within this time. */
const deliveredForMs = 2000;
/** A token with less left serves nobody: whoever asks may replace it. */
const usableMs = 60_000;
/** An item without a token is kept for so long after its lease. */
const leaseTraceMs = 60 * 60_000;

const leaseRunOut = '(attribute_not_exists(leaseUntil) OR leaseUntil <= :now)';

/**
 * The OAuth token that all containers share: a sealed text which this room cannot read.
 * The version names the token: taking the lease for its renewal does not change it.
 */
export const createTokenVault = (options: TokenVaultOptions): TokenVault => {
  const { client, tableName: TableName, leaseMs, clock, key: currentKey, wanted } = options;
  const guard = createTableGuard({ ...options, failed: 'token_vault_call_failed', heedsStall: true });
  let delivered: { readonly key: string; readonly item: Item | undefined; readonly atMs: number } | undefined;

  const takeDelivered = (key: string): { readonly item: Item | undefined } | undefined => {
    const taken = delivered;
    delivered = undefined;
    return taken?.key === key && clock.now() - taken.atMs < deliveredForMs ? taken : undefined;
  };

  /** Sends a conditional write. @returns whether its condition held */
  const write = async (
    operation: string,
    deadline: Deadline,
    command: PutItemCommand | UpdateItemCommand,
  ): Promise<boolean> =>
    await guard(operation, deadline, async (abortSignal) => {
      try {
        await client.send(command as PutItemCommand, { abortSignal });
        return true;
      } catch (error) {
        if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
        throw error;
      }
    });

  const update = (
    key: string,
    UpdateExpression: string,
    ConditionExpression: string,
    ExpressionAttributeValues: Item,
  ): UpdateItemCommand =>
    new UpdateItemCommand({
      TableName,
      Key: { sessionHash: { S: key } },
      UpdateExpression,
      ConditionExpression,
      ExpressionAttributeValues,
    });

  const tokenOf = (item: Item | undefined): SealedToken | undefined => {
    const sealed = item?.['sealedToken']?.S;
    const version = item?.['version']?.S;
    const expiresAtMs = Number(item?.['tokenExpiresAt']?.N);
    if (sealed === undefined || version === undefined || !(expiresAtMs > clock.now())) return undefined;
    return { sealed, expiresAtMs, version };
  };

  return {
    read: async (key, deadline) => {
      const taken = takeDelivered(key);
      if (taken !== undefined) return tokenOf(taken.item);
      const get = new GetItemCommand({ TableName, Key: { sessionHash: { S: key } }, ConsistentRead: true });
      const { Item: item } = await guard(
        'read',
        deadline,
        async (abortSignal) => await client.send(get, { abortSignal }),
      );
      return tokenOf(item);
    },

    lease: async (key, renewing, deadline) => {
      const nowMs = clock.now();
      const untilMs = nowMs + leaseMs;
      const owner = randomUUID();
      const values = {
        ':owner': { S: owner },
        ':until': milliseconds(untilMs),
        ':now': milliseconds(nowMs),
        ':expires': ttl(untilMs + leaseTraceMs),
      };
      const command =
        renewing === undefined
          ? update(
              key,
              'SET leaseOwner = :owner, leaseUntil = :until, expiresAt = :expires REMOVE sealedToken, tokenExpiresAt, version',
              `leaseOwner = :owner OR (${leaseRunOut} AND (attribute_not_exists(tokenExpiresAt) OR tokenExpiresAt <= :usable))`,
              { ...values, ':usable': milliseconds(nowMs + usableMs) },
            )
          : update(
              key,
              'SET leaseOwner = :owner, leaseUntil = :until, expiresAt = if_not_exists(expiresAt, :expires)',
              `leaseOwner = :owner OR (${leaseRunOut} AND version = :renewing)`,
              { ...values, ':renewing': { S: renewing } },
            );
      return (await write('lease', deadline, command)) ? { owner, untilMs } : undefined;
    },

    store: async (key, owner, { sealed, expiresAtMs }, deadline) => {
      const version = { S: randomUUID() };
      const put = new PutItemCommand({
        TableName,
        Item: {
          sessionHash: { S: key },
          sealedToken: { S: sealed },
          tokenExpiresAt: milliseconds(expiresAtMs),
          version,
          expiresAt: ttl(expiresAtMs),
        },
        ConditionExpression: 'leaseOwner = :owner OR version = :version',
        ExpressionAttributeValues: { ':owner': { S: owner }, ':version': version },
      });
      return await write('store', deadline, put);
    },

    release: async (key, owner, deadline) => {
      const values = { ':owner': { S: owner } };
      await write(
        'release',
        deadline,
        update(key, 'REMOVE leaseOwner, leaseUntil', 'leaseOwner = :owner', values),
      );
    },

    invalidate: async (key, version, deadline) => {
      delivered = undefined;
      const values = { ':version': { S: version } };
      const remove = 'REMOVE sealedToken, tokenExpiresAt, version';
      await write('invalidate', deadline, update(key, remove, 'version = :version', values));
    },

    companion: {
      key: () => (wanted() ? currentKey() : undefined),
      deliver: (item) => {
        const key = item?.['sessionHash']?.S ?? currentKey();
        if (key !== undefined) delivered = { key, item, atMs: clock.now() };
      },
    },
  };
};
