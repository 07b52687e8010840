import { randomUUID } from 'node:crypto';
import { PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Claim, Registration } from '../guest/ports.ts';
import { failedStateMs, leaseSkewMs, queuedStateMs } from '../guest/registration.ts';
import { guestAttributes, type Item, milliseconds, ttl } from './guest-item.ts';

/** A lease that is asked for: the write that takes it and the claim that it gives. */
export interface Bid {
  readonly command: PutItemCommand | UpdateItemCommand;
  /** The claim, from what was in the table before. */
  readonly claim: (before: Item | undefined) => Claim;
}

export interface BidOptions {
  readonly tableName: string;
  readonly sessionHash: string;
  readonly leaseMs: number;
  readonly nowMs: number;
  /** A name that nobody else has. */
  readonly owner: string;
}

/**
 * How long a lease that ran out stays in the table, so that whoever comes next learns that its holder died.
 * Longer than the states that a holder may turn its lease into, so that those need not move the TTL.
 */
const leaseTraceMs = 60 * 60_000;

const leaseRunOut = '(attribute_not_exists(leaseUntil) OR leaseUntil <= :now)';
const nothingLive = `(${leaseRunOut}
  AND (attribute_not_exists(guestExpiresAt) OR guestExpiresAt <= :now)
  AND (attribute_not_exists(queuedAt) OR queuedAt <= :queuedSince)
  AND (attribute_not_exists(failedAt) OR failedAt <= :failedSince))`;

const claimOf = (sessionHash: string, owner: string, untilMs: number, before: Item | undefined): Claim => ({
  sessionHash,
  owner,
  untilMs: untilMs - leaseSkewMs,
  // A holder that comes to a result removes its name. Our own name: the write was repeated.
  takenOver: before?.['leaseOwner']?.S !== undefined && before['leaseOwner'].S !== owner,
});

/** Asks for the lease of a session that has no live entry; what has run out is replaced. */
export const bidForNew = ({ tableName, sessionHash, leaseMs, nowMs, owner }: BidOptions): Bid => {
  const untilMs = nowMs + leaseMs;
  const command = new PutItemCommand({
    TableName: tableName,
    Item: {
      sessionHash: { S: sessionHash },
      leaseOwner: { S: owner },
      leaseUntil: milliseconds(untilMs),
      version: { S: randomUUID() },
      expiresAt: ttl(untilMs + leaseTraceMs),
    },
    ConditionExpression: `attribute_not_exists(sessionHash) OR leaseOwner = :owner
      OR expiresAt <= :nowSeconds OR ${nothingLive}`,
    ExpressionAttributeValues: {
      ':owner': { S: owner },
      ':now': milliseconds(nowMs),
      ':nowSeconds': { N: String(Math.floor(nowMs / 1000)) },
      ':queuedSince': milliseconds(nowMs - queuedStateMs),
      ':failedSince': milliseconds(nowMs - failedStateMs),
    },
    ReturnValues: 'ALL_OLD',
  });
  return { command, claim: (before) => claimOf(sessionHash, owner, untilMs, before) };
};

/** Asks for the lease over an entry that was seen: it must still be the same, and not leased by another. */
export const bidOver = (
  seen: Registration,
  { tableName, sessionHash, leaseMs, nowMs, owner }: BidOptions,
): Bid => {
  const untilMs = nowMs + leaseMs;
  const runOut = [
    ...(seen.guest === undefined ? guestAttributes : []),
    ...(seen.queued === undefined ? ['queuedAt'] : []),
  ];
  const command = new UpdateItemCommand({
    TableName: tableName,
    Key: { sessionHash: { S: sessionHash } },
    UpdateExpression: [
      'SET leaseOwner = :owner, leaseUntil = :until, version = :version, expiresAt = :expires',
      ...(runOut.length === 0 ? [] : [`REMOVE ${runOut.map((name) => `#${name}`).join(', ')}`]),
    ].join(' '),
    ConditionExpression: `leaseOwner = :owner OR (version = :seen AND ${leaseRunOut})`,
    ...(runOut.length === 0
      ? {}
      : { ExpressionAttributeNames: Object.fromEntries(runOut.map((name) => [`#${name}`, name])) }),
    ExpressionAttributeValues: {
      ':owner': { S: owner },
      ':until': milliseconds(untilMs),
      ':version': { S: randomUUID() },
      ':expires': ttl(Math.max(untilMs + leaseTraceMs, seen.guest?.expiresAtMs ?? 0)),
      ':seen': { S: seen.version },
      ':now': milliseconds(nowMs),
    },
    ReturnValues: 'ALL_OLD',
  });
  return { command, claim: (before) => claimOf(sessionHash, owner, untilMs, before) };
};
