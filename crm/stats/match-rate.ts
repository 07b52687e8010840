import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { clientOptions } from '../../infra/stack-outputs.ts';
import { type MetricName, metricNamespace } from '../../lambda/telemetry/metric-names.ts';
import type { Target } from '../store/target.ts';

/** Visitors of a time, by what the CRM table said about them. */
export interface MatchRate {
  readonly matched: number;
  readonly notFound: number;
  /** Matched share of those that were looked up; undefined when nobody was. */
  readonly rate: number | undefined;
}

const sum = async (
  client: CloudWatchClient,
  metric: MetricName,
  dimensions: readonly [string, string][],
  hours: number,
  nowMs: number,
) => {
  const { MetricDataResults } = await client.send(
    new GetMetricDataCommand({
      StartTime: new Date(nowMs - hours * 3_600_000),
      EndTime: new Date(nowMs),
      MetricDataQueries: [
        {
          Id: 'counted',
          MetricStat: {
            Metric: {
              Namespace: metricNamespace,
              MetricName: metric,
              Dimensions: dimensions.map(([Name, Value]) => ({ Name, Value })),
            },
            Period: hours > 48 ? 3600 : 300,
            Stat: 'Sum',
          },
        },
      ],
    }),
  );
  return (MetricDataResults?.[0]?.Values ?? []).reduce((total, value) => total + value, 0);
};

/** The match rate by the function's own metrics; undefined for a target that has none. */
export const readMatchRate = async (
  target: Target,
  hours: number,
  nowMs: number,
): Promise<MatchRate | undefined> => {
  const { environment, genesys, isLocal, aws } = target;
  if (isLocal || environment === undefined || genesys === undefined) return undefined;
  const client = new CloudWatchClient(clientOptions(aws));
  const dimensions: [string, string][] = [
    ['environment', environment],
    ['provider', genesys.provider],
  ];
  try {
    const [matched, notFound] = await Promise.all([
      sum(client, 'EnrichmentMatched', dimensions, hours, nowMs),
      sum(client, 'EnrichmentNotFound', dimensions, hours, nowMs),
    ]);
    const looked = matched + notFound;
    return { matched, notFound, rate: looked === 0 ? undefined : matched / looked };
  } finally {
    client.destroy();
  }
};
