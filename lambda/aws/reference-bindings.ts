import { createHash } from 'node:crypto';
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Clock, ReferenceBindings, Telemetry } from '../guest/ports.ts';
import type { AwsEvent } from './events.ts';
import { ttl } from './guest-item.ts';
import { createTableGuard, unlessConditionFails } from './table-guard.ts';

export interface ReferenceBindingsOptions {
  readonly client: DynamoDBClient;
  /** The registry table: a binding lies beside the guests, under a key that is no session hash. */
  readonly tableName: string;
  /** Longest wait for one call. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry<AwsEvent>;
}

/** Which conversation a guest reference belongs to, in the registry table; of a reference only its SHA-256 is kept. */
export const createReferenceBindings = (options: ReferenceBindingsOptions): ReferenceBindings => {
  const { client, tableName: TableName, clock } = options;
  const guard = createTableGuard({ ...options, failed: 'registry_call_failed' });

  return {
    bind: async (reference, conversationId, untilMs, deadline) => {
      const digest = createHash('sha256').update(reference).digest('hex');
      const put = new PutItemCommand({
        TableName,
        Item: {
          sessionHash: { S: `reference#${digest}` },
          conversationId: { S: conversationId },
          expiresAt: ttl(untilMs),
        },
        ConditionExpression:
          'attribute_not_exists(sessionHash) OR conversationId = :conversation OR expiresAt <= :now',
        ExpressionAttributeValues: {
          ':conversation': { S: conversationId },
          ':now': { N: String(Math.floor(clock.now() / 1000)) },
        },
      });
      return await guard('bind', deadline, async (abortSignal) => {
        return (await unlessConditionFails(client.send(put, { abortSignal }))) !== undefined;
      });
    },
  };
};
