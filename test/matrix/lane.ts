import { ScanCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../lambda/aws/guest-item.ts';
import { type Overflow, startOverflow } from '../support/overflow.ts';
import { type Stack, startStack } from '../support/stack.ts';
import type { FrontName } from './dependencies.ts';
import { createLaneContainers, type Fronts, type LaneContainers } from './lane-containers.ts';
import { type Budgets, externalIdKey } from './settings.ts';
import type { Certificates } from './wire/certificates.ts';
import { type FaultFront, startFaultFront } from './wire/fault-front.ts';

/** A world of its own, in which one cell of the matrix happens after the other. */
export interface Lane {
  readonly stack: Stack;
  readonly overflow: Overflow;
  readonly fronts: Fronts;
  readonly containers: LaneContainers;
  /** Moves the queue's clock, so that every message is visible again. */
  passQueueTime(): void;
  /** Makes all as it was before anything went wrong, but for the sessions' own entries. */
  clear(): Promise<void>;
  /** Everything in the registry's table. */
  items(): Promise<readonly Item[]>;
  close(): Promise<void>;
}

const startFronts = async (targets: Readonly<Record<FrontName, string>>, certificates?: Certificates) =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(targets).map(
        async ([name, target]) => [name, await startFaultFront(target, certificates)] as const,
      ),
    ),
  ) as Readonly<Record<FrontName, FaultFront>>;

export const startLane = async (budgets: Budgets, certificates: Certificates): Promise<Lane> => {
  let queueAheadMs = 0;
  const overflow = await startOverflow({ now: () => Date.now() + queueAheadMs });
  const stack = await startStack({ LOG_LEVEL: 'INFO', ...overflow.environment });
  await stack.putSecret({ externalIdKey });
  const targets = {
    secrets: stack.secret.url,
    dynamodb: stack.tables.url,
    sqs: overflow.environment.AWS_ENDPOINT_URL_SQS,
    login: stack.genesys.url,
    api: stack.genesys.url,
  };
  const fronts = {
    plain: await startFronts(targets),
    secure: await startFronts(targets, certificates),
  };
  const all = [...Object.values(fronts.plain), ...Object.values(fronts.secure)];

  return {
    stack,
    overflow,
    fronts,
    containers: createLaneContainers(stack, fronts, certificates, budgets),
    passQueueTime: () => {
      queueAheadMs += 24 * 3_600_000;
    },
    clear: async () => {
      await Promise.all(all.map(async (front) => await front.end()));
      for (const front of all) front.clear();
      stack.genesys.control.clearFaults();
      stack.genesys.control.clearCalls();
      await overflow.purge();
      await stack.forgetToken();
    },
    items: async () => {
      const scan = new ScanCommand({ TableName: stack.guestTable, ConsistentRead: true });
      const { Items: items = [], LastEvaluatedKey: rest } = await stack.client.send(scan);
      if (rest !== undefined) throw new Error('The registry has outgrown one page of a scan.');
      return items;
    },
    close: async () => {
      await stack.stop();
      await overflow.close();
      await Promise.all(all.map(async (front) => await front.close()));
    },
  };
};
