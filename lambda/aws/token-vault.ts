import { randomUUID } from 'node:crypto';
import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  type SharedTokenEntry,
  type SharedTokenStore,
  type TokenPause,
  tokenMarginMs,
} from '../genesys/shared-token-store.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import type { AwsEvent } from './events.ts';
import { type Item, milliseconds, ttl } from './guest-item.ts';
import { leaseExpired, leaseTraceMs } from './lease-commands.ts';
import { createTableGuard, unlessConditionFails } from './table-guard.ts';

export interface TokenVaultOptions {
  readonly client: DynamoDBClient;
  /** The registry table: the token lies beside the guests, under a key that is no session hash. */
  readonly tableName: string;
  /** Longest wait for one call. */
  readonly timeoutMs: number;
  readonly leaseMs: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry<AwsEvent>;
}

/** After one call in vain the vault is left out for this long, so that a request waits once for a table that hangs. */
const breakMs = 5000;

const pauseOf = (item: Item): TokenPause | undefined => {
  const untilMs = Number(item['pausedUntil']?.N);
  if (!(untilMs > 0)) return undefined;
  return {
    untilMs,
    reason: item['pauseReason']?.S === 'limited' ? 'limited' : 'failing',
    failures: Number(item['failures']?.N ?? 0),
  };
};

const entryOf = (item: Item, nowMs: number): SharedTokenEntry => {
  const sealed = item['sealedToken']?.S;
  const version = item['version']?.S;
  const expiresAtMs = Number(item['tokenExpiresAt']?.N);
  const leasedUntilMs = Number(item['leaseUntil']?.N);
  return {
    token:
      sealed !== undefined && version !== undefined && expiresAtMs > nowMs
        ? { sealed, expiresAtMs, version }
        : undefined,
    leasedUntilMs: leasedUntilMs > nowMs ? leasedUntilMs : undefined,
    pause: pauseOf(item),
  };
};

/** The OAuth token that all containers share: a sealed text which this room cannot read. */
export const createTokenVault = (options: TokenVaultOptions): SharedTokenStore => {
  const { client, tableName: TableName, leaseMs, clock } = options;
  const guard = createTableGuard({
    ...options,
    failed: 'token_vault_call_failed',
    failuresInARow: 1,
    breakMs,
  });

  /** Sends a conditional write. @returns whether its condition held */
  const write = async (
    operation: string,
    deadline: Deadline,
    command: PutItemCommand | UpdateItemCommand,
  ): Promise<boolean> =>
    await guard(operation, deadline, async (abortSignal) => {
      const sending = client.send(command as PutItemCommand, { abortSignal });
      return (await unlessConditionFails(sending)) !== undefined;
    });

  const update = async (
    operation: string,
    key: string,
    [UpdateExpression, ConditionExpression]: readonly [change: string, condition: string],
    ExpressionAttributeValues: Item,
    deadline: Deadline,
  ): Promise<boolean> =>
    await write(
      operation,
      deadline,
      new UpdateItemCommand({
        TableName,
        Key: { sessionHash: { S: key } },
        UpdateExpression,
        ConditionExpression,
        ExpressionAttributeValues,
      }),
    );

  return {
    read: async (key, deadline) => {
      const get = new GetItemCommand({ TableName, Key: { sessionHash: { S: key } }, ConsistentRead: true });
      const { Item: item } = await guard(
        'read',
        deadline,
        async (abortSignal) => await client.send(get, { abortSignal }),
      );
      return entryOf(item ?? {}, clock.now());
    },

    lease: async (key, replacing, deadline) => {
      const nowMs = clock.now();
      const untilMs = nowMs + leaseMs;
      const owner = randomUUID();
      const values = {
        ':owner': { S: owner },
        ':until': milliseconds(untilMs),
        ':now': milliseconds(nowMs),
        ':expires': ttl(untilMs + leaseTraceMs),
      };
      const take = 'SET leaseOwner = :owner, leaseUntil = :until';
      const isFree = `${leaseExpired} AND (attribute_not_exists(pausedUntil) OR pausedUntil <= :now)`;
      const [change, condition, value] =
        replacing === undefined
          ? ([
              `${take}, expiresAt = :expires REMOVE sealedToken, tokenExpiresAt, version`,
              '(attribute_not_exists(tokenExpiresAt) OR tokenExpiresAt <= :usable)',
              { ':usable': milliseconds(nowMs + tokenMarginMs) },
            ] as const)
          : ([
              `${take}, expiresAt = if_not_exists(expiresAt, :expires)`,
              'version = :replacing',
              { ':replacing': { S: replacing } },
            ] as const);
      const expressions = [change, `leaseOwner = :owner OR (${isFree} AND ${condition})`] as const;
      return (await update('lease', key, expressions, { ...values, ...value }, deadline))
        ? { owner }
        : undefined;
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

    release: async (key, owner, pause, deadline) => {
      const values: Item = { ':owner': { S: owner } };
      const remove = 'REMOVE leaseOwner, leaseUntil';
      if (pause === undefined) {
        const all = `${remove}, pausedUntil, pauseReason, failures`;
        await update('release', key, [all, 'leaseOwner = :owner'], values, deadline);
        return;
      }
      const set =
        'SET pausedUntil = :until, pauseReason = :reason, failures = :failures, expiresAt = :expires';
      values[':expires'] = ttl(pause.untilMs + leaseTraceMs);
      values[':until'] = milliseconds(pause.untilMs);
      values[':reason'] = { S: pause.reason };
      values[':failures'] = { N: String(pause.failures) };
      await update('release', key, [`${set} ${remove}`, 'leaseOwner = :owner'], values, deadline);
    },

    invalidate: async (key, version, deadline) => {
      const remove = 'REMOVE sealedToken, tokenExpiresAt, version';
      const values = { ':version': { S: version } };
      await update('invalidate', key, [remove, 'version = :version'], values, deadline);
    },
  };
};
