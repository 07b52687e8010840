import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type MetricName,
  type metricDimensions,
  metricNamespace,
} from '../../lambda/telemetry/metric-names.ts';
import type { Settings } from '../settings.ts';

type Dimensions = Record<(typeof metricDimensions)[number], string>;

/** The function's own metrics of one environment, as the function writes them. */
export class GuestMetrics {
  private readonly dimensions: Dimensions;

  constructor({ environment, provider }: Pick<Settings, 'environment' | 'provider'>) {
    this.dimensions = { environment, provider };
  }

  /** One metric; `statistic` as CloudWatch names it. */
  metric(metricName: MetricName, statistic = 'Sum', period = Duration.minutes(5)): Metric {
    return new Metric({
      namespace: metricNamespace,
      metricName,
      dimensionsMap: this.dimensions,
      statistic,
      period,
      label: metricName,
    });
  }

  /** Sum of some metrics, 0 where nobody writes them. */
  total(label: string, names: readonly MetricName[], period: Duration): MathExpression {
    return new MathExpression({
      label,
      period,
      expression: filledSum(names),
      usingMetrics: Object.fromEntries(names.map((name) => [idOf(name), this.metric(name, 'Sum', period)])),
    });
  }

  /**
   * Share of some metrics in a whole, in percent. With fewer than `minSamples` in the whole it is `otherwise`,
   * so that a quiet night is no alarm.
   */
  sharePercent(share: {
    readonly label: string;
    readonly of: readonly MetricName[];
    readonly in: readonly MetricName[];
    readonly minSamples: number;
    readonly otherwise: number;
    readonly period?: Duration;
  }): MathExpression {
    const period = share.period ?? Duration.minutes(5);
    const names = [...new Set([...share.of, ...share.in])];
    return new MathExpression({
      label: share.label,
      period,
      expression: `IF((${filledSum(share.in)})>=${share.minSamples},100*(${filledSum(share.of)})/(${filledSum(share.in)}),${share.otherwise})`,
      usingMetrics: Object.fromEntries(names.map((name) => [idOf(name), this.metric(name, 'Sum', period)])),
    });
  }
}

/** Metric ids of an expression begin with a lower-case letter. */
const idOf = (name: MetricName): string => `m${name}`;

const filledSum = (names: readonly MetricName[]): string =>
  names.map((name) => `FILL(${idOf(name)},0)`).join('+');
