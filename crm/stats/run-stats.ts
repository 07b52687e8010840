import { keyIdOf } from '../../lambda/guest/session-hash.ts';
import { scanTable } from '../store/scan.ts';
import type { TargetOptions } from '../store/target.ts';
import { dynamoDbFor } from '../store/target.ts';
import { type Context, requireTarget } from '../store/target-options.ts';
import { counted, grouped, print } from '../terminal/terminal.ts';
import { readMatchRate } from './match-rate.ts';

export interface StatsOptions extends TargetOptions {
  readonly limit: number;
  readonly expiringDays: number;
  readonly hours: number;
  readonly json?: boolean;
}

const dayMs = 86_400_000;

const countRecords = async (
  options: StatsOptions,
  target: { crmTableName: string },
  client: ReturnType<typeof dynamoDbFor>,
  nowMs: number,
) => {
  const counts = {
    records: 0,
    expired: 0,
    expiringSoon: 0,
    neverExpiring: 0,
    withCrmId: 0,
    byKey: {} as Record<string, number>,
  };
  const soonMs = nowMs + options.expiringDays * dayMs;
  const complete = await scanTable({
    client,
    tableName: target.crmTableName,
    attributes: ['sessionHash', 'expiresAt', 'crmId'],
    limit: options.limit,
    onPage: (items) => {
      for (const { sessionHash, expiresAt, crmId } of items) {
        counts.records += 1;
        const key = keyIdOf(sessionHash?.S ?? '');
        counts.byKey[key] = (counts.byKey[key] ?? 0) + 1;
        if (crmId !== undefined) counts.withCrmId += 1;
        const endMs = expiresAt?.N === undefined ? undefined : Number(expiresAt.N) * 1000;
        if (endMs === undefined) counts.neverExpiring += 1;
        else if (endMs <= nowMs) counts.expired += 1;
        else if (endMs <= soonMs) counts.expiringSoon += 1;
      }
    },
  });
  return { ...counts, complete };
};

const describeMatches = (matches: Awaited<ReturnType<typeof readMatchRate>>, hours: number): string => {
  if (matches === undefined) return 'no metrics here (they come with --env, not locally)';
  if (matches.rate === undefined) return `nobody was looked up in the last ${hours} hours`;
  const percent = (matches.rate * 100).toFixed(1);
  return `${percent} % of ${grouped(matches.matched + matches.notFound)} visitors in the last ${hours} hours`;
};

/** Runs `stats`. */
export const runStats = async (options: StatsOptions, context: Context): Promise<void> => {
  const { terminal } = context;
  const target = await requireTarget(options, context);
  const client = dynamoDbFor(target);
  const nowMs = Date.now();
  try {
    const counts = await countRecords(options, target, client, nowMs);
    const matches = await readMatchRate(target, options.hours, nowMs);
    if (options.json) {
      print(terminal, JSON.stringify({ ...counts, ...(matches && { matches }) }));
      return;
    }
    const { records, complete, expired, expiringSoon, neverExpiring, withCrmId, byKey } = counts;
    print(
      terminal,
      `${target.label}, table ${target.crmTableName}: ${complete ? '' : 'at least '}${counted(records, 'record')}`,
    );
    if (!complete)
      print(terminal, `  Only ${grouped(records)} were read (--limit); the figures are of those.`);
    for (const [key, count] of Object.entries(byKey)) {
      print(
        terminal,
        `  ${key === 'plain' ? 'without a hash key' : `under hash key ${key}`}: ${grouped(count)}`,
      );
    }
    print(terminal, `  with a customer id (crmId): ${grouped(withCrmId)}`);
    print(terminal, `  expired, not yet removed: ${grouped(expired)}`);
    print(terminal, `  expiring within ${counted(options.expiringDays, 'day')}: ${grouped(expiringSoon)}`);
    print(terminal, `  without an end: ${grouped(neverExpiring)}`);
    print(terminal, `  match rate: ${describeMatches(matches, options.hours)}`);
  } finally {
    client.destroy();
  }
};
