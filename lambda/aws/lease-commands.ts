import { randomUUID } from 'node:crypto';
import { PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { isRefusal } from '../guest/consent.ts';
import type { Registration } from '../guest/ports.ts';
import { failedStateMs, queuedStateMs } from '../guest/registration.ts';
import { guestAttributes, type Item, milliseconds, ttl } from './guest-item.ts';

/** Attributes of the item of a lease, whatever it is a lease for. */
export const leaseAttributes = ['leaseOwner', 'leaseUntil'];

/** Condition under which a lease may be taken: there is none, or it has expired (`:now`). */
export const leaseExpired = '(attribute_not_exists(leaseUntil) OR leaseUntil <= :now)';

/**
 * How long an expired lease stays in the table, so that whoever comes next learns that its holder died.
 * Longer than the states that a holder may turn its lease into, so that those need not move the TTL.
 */
export const leaseTraceMs = 60 * 60_000;

/** Condition: the visitor has stated no refusal (`:no`, `:yes`). */
export const notRefused = 'NOT (consentGiven = :no AND consentStated = :yes)';
export const refusalValues = { ':no': { BOOL: false }, ':yes': { BOOL: true } };

const nothingLive = `(${leaseExpired}
  AND (attribute_not_exists(guestExpiresAt) OR guestExpiresAt <= :now)
  AND (attribute_not_exists(queuedAt) OR queuedAt <= :queuedSince)
  AND (attribute_not_exists(failedAt) OR failedAt <= :failedSince)
  AND ${notRefused})`;

export interface LeaseRequest {
  readonly tableName: string;
  readonly sessionHash: string;
  readonly untilMs: number;
  readonly nowMs: number;
  /** A name that nobody else has. */
  readonly owner: string;
  /** How long a refusal is remembered. */
  readonly guestTtlMs: number;
}

/** Writes an item where there is no live entry, or where `ours` holds: the write was repeated. */
export const putNew = (
  tableName: string,
  item: Item,
  [ours, oursValues]: readonly [condition: string, values: Item],
  nowMs: number,
): PutItemCommand =>
  new PutItemCommand({
    TableName: tableName,
    Item: item,
    ConditionExpression: `attribute_not_exists(sessionHash) OR ${ours}
      OR expiresAt <= :nowSeconds OR ${nothingLive}`,
    ExpressionAttributeValues: {
      ...oursValues,
      ':now': milliseconds(nowMs),
      ':nowSeconds': { N: String(Math.floor(nowMs / 1000)) },
      ':queuedSince': milliseconds(nowMs - queuedStateMs),
      ':failedSince': milliseconds(nowMs - failedStateMs),
      ...refusalValues,
    },
    ReturnValues: 'ALL_OLD',
  });

/** Takes the lease of a session that has no live entry; what has expired is replaced. */
export const leaseNew = ({ tableName, sessionHash, untilMs, nowMs, owner }: LeaseRequest): PutItemCommand => {
  const item = {
    sessionHash: { S: sessionHash },
    leaseOwner: { S: owner },
    leaseUntil: milliseconds(untilMs),
    version: { S: randomUUID() },
    expiresAt: ttl(untilMs + leaseTraceMs),
  };
  // A repeat of this very write, whose response was lost; but not one that arrives late, when the same owner has
  // taken the lease over an entry meanwhile: that would erase the entry.
  const ours = `(leaseOwner = :owner AND attribute_not_exists(guestId) AND attribute_not_exists(queuedAt)
    AND attribute_not_exists(failedAt) AND ${notRefused})`;
  return putNew(tableName, item, [ours, { ':owner': { S: owner } }], nowMs);
};

/** Takes the lease over an entry that was seen: it must still be that version, and not leased by another. */
export const leaseOver = (
  seen: Registration,
  version: string,
  { tableName, sessionHash, untilMs, nowMs, owner, guestTtlMs }: LeaseRequest,
): UpdateItemCommand => {
  const keepUntilMs = Math.max(
    untilMs + leaseTraceMs,
    seen.guest?.expiresAtMs ?? 0,
    isRefusal(seen.consent) ? nowMs + guestTtlMs : 0,
  );
  const expired = [
    ...(seen.guest === undefined ? guestAttributes : []),
    ...(seen.queued === undefined ? ['queuedAt'] : []),
  ];
  return new UpdateItemCommand({
    TableName: tableName,
    Key: { sessionHash: { S: sessionHash } },
    UpdateExpression: [
      'SET leaseOwner = :owner, leaseUntil = :until, version = :version, expiresAt = :expires',
      ...(expired.length === 0 ? [] : [`REMOVE ${expired.map((name) => `#${name}`).join(', ')}`]),
    ].join(' '),
    ConditionExpression: `leaseOwner = :owner OR (version = :seen AND ${leaseExpired})`,
    ...(expired.length === 0
      ? {}
      : { ExpressionAttributeNames: Object.fromEntries(expired.map((name) => [`#${name}`, name])) }),
    ExpressionAttributeValues: {
      ':owner': { S: owner },
      ':until': milliseconds(untilMs),
      ':version': { S: randomUUID() },
      ':expires': ttl(keepUntilMs),
      ':seen': { S: version },
      ':now': milliseconds(nowMs),
    },
    ReturnValues: 'ALL_OLD',
  });
};

/** Whether a lease was taken from a holder that came to no result; a holder that does removes its name. */
export const tookOver = (before: Item | undefined, owner: string): boolean =>
  before?.['leaseOwner']?.S !== undefined && before['leaseOwner'].S !== owner;
