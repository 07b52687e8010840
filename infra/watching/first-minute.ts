import { Duration, Stack } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  type CompositeAlarm,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  PeriodOverride,
  SingleValueWidget,
  TextWidget,
  TextWidgetBackground,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ITableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { type AlarmDefinition, fiveMinutes, minute, runbookLink, type Section } from './alarm-definition.ts';
import { GuestMetrics } from './guest-metrics.ts';
import type { Watched } from './watched.ts';

interface FirstMinuteProps extends Watched {
  readonly visitors: CompositeAlarm;
  readonly alarms: readonly { readonly definition: AlarmDefinition; readonly alarm: Alarm }[];
}

const fullWidth = 24;
const third = fullWidth / 3;

/**
 * The dashboard, in the order of questions: is anybody affected, what is the state of each part, where is the
 * runbook; then a graph for each alarm, and what explains them.
 */
export class FirstMinute extends Construct {
  /** Fixed, so that a bookmark survives. */
  readonly name: string;
  private readonly props: FirstMinuteProps;
  private readonly guests: GuestMetrics;

  constructor(scope: Construct, id: string, props: FirstMinuteProps) {
    super(scope, id);
    this.props = props;
    this.guests = new GuestMetrics(props.settings);
    this.name = `guest-profiles-${props.settings.name}`;
    const dashboard = new Dashboard(this, 'Page', {
      dashboardName: this.name,
      defaultInterval: Duration.hours(3),
      periodOverride: PeriodOverride.INHERIT,
    });
    dashboard.addWidgets(this.health());
    dashboard.addWidgets(this.states(), this.links());
    const sections = new Set(props.alarms.map(({ definition }) => definition.section));
    for (const section of sections) {
      dashboard.addWidgets(this.heading(section));
      dashboard.addWidgets(...this.graphs(section));
    }
    dashboard.addWidgets(this.heading('What explains them'));
    dashboard.addWidgets(...this.explanations());
  }

  private health(): IWidget {
    const { settings, api } = this.props;
    const numbers: IMetric[] = [
      api.api.metricCount({ statistic: 'Sum', period: fiveMinutes, label: 'Requests' }),
      this.guests.sharePercent({
        label: 'Served, %',
        of: ['Issued', 'Queued'],
        in: ['Issued', 'Queued', 'Failed'],
        minSamples: 1,
        otherwise: 100,
      }),
      this.guests.metric('InitDuration', 'p95').with({ label: 'p95, ms' }),
      this.guests.metric('GenesysQuotaUsed', 'Maximum', minute).with({ label: 'Quota used, %' }),
      this.guests.metric('OverflowAge', 'Maximum', minute).with({ label: 'Oldest in the queue, s' }),
      this.guests.metric('EnrichmentDegraded').with({ label: 'Without CRM data' }),
    ];
    return new SingleValueWidget({
      title: `${settings.name}: health of the last five minutes`,
      metrics: numbers,
      width: fullWidth,
      height: 4,
    });
  }

  private states(): IWidget {
    const { visitors, alarms } = this.props;
    return new AlarmStatusWidget({
      title: 'Alarms',
      alarms: [visitors, ...alarms.map(({ alarm }) => alarm)],
      width: 2 * third,
      height: 6,
    });
  }

  private links(): IWidget {
    const { region } = Stack.of(this);
    const console = `https://${region}.console.aws.amazon.com`;
    const runbook = (anchor: string) => runbookLink(this.props.settings.runbookUrl, anchor);
    return new TextWidget({
      markdown: [
        '### Look here first',
        `[Symptom, cause, remedy](${runbook('look-here-first')}) · [kill switch](${runbook('kill-switch')}) · [roll back](${runbook('roll-back')})`,
        `[Saved queries](${console}/cloudwatch/home?region=${region}#logsV2:logs-insights) are in the folder ${Stack.of(this).stackName}`,
        `[Releases](${console}/codesuite/codedeploy/deployments?region=${region}) · [Genesys Cloud status](https://status.mypurecloud.com)`,
      ].join('\n\n'),
      background: TextWidgetBackground.TRANSPARENT,
      width: third,
      height: 6,
    });
  }

  private heading(text: string): IWidget {
    return new TextWidget({ markdown: `## ${text}`, width: fullWidth, height: 1 });
  }

  private graphs(section: Section): IWidget[] {
    return this.props.alarms
      .filter(({ definition }) => definition.section === section)
      .map(
        ({ definition: { title, metric }, alarm }) =>
          new GraphWidget({
            title,
            left: [metric],
            leftAnnotations: [alarm.toAnnotation()],
            leftYAxis: { min: 0 },
            width: third,
            height: 5,
          }),
      );
  }

  private explanations(): IWidget[] {
    const { init, drain, tables, overflow } = this.props;
    const sum = (...names: Parameters<GuestMetrics['metric']>[0][]): IMetric[] =>
      names.map((name) => this.guests.metric(name));
    // Counts each item of a batch; ThrottledRequests counts a batch only where all of it is throttled.
    const throttled = (table: ITableV2, what: 'Read' | 'Write', label: string) =>
      table.metric(`${what}ThrottleEvents`, { statistic: 'Sum', period: fiveMinutes, label });
    const concurrency = (fn: Watched['init'], label: string) =>
      fn.function.metric('ConcurrentExecutions', { statistic: 'Maximum', period: minute, label });
    const graph = (title: string, left: IMetric[]) =>
      new GraphWidget({ title, left, leftYAxis: { min: 0 }, width: third, height: 5 });
    return [
      graph('Containers at work', [concurrency(init, 'API'), concurrency(drain, 'Worker')]),
      graph('Cold starts and breakers', sum('ColdStart', 'BreakerOpened')),
      graph('Calls to Genesys Cloud', sum('GenesysCalls', 'GenesysErrors', 'OAuthRequests')),
      graph('Throttled by DynamoDB', [
        throttled(tables.crm, 'Read', 'CRM table, reads'),
        throttled(tables.crm, 'Write', 'CRM table, writes'),
        throttled(tables.guests, 'Read', 'Registry, reads'),
        throttled(tables.guests, 'Write', 'Registry, writes'),
      ]),
      graph('Queue', [
        overflow.queue.metricApproximateNumberOfMessagesVisible({ label: 'Waiting', period: minute }),
        overflow.queue.metricApproximateNumberOfMessagesNotVisible({ label: 'At work', period: minute }),
      ]),
      graph('Guests', sum('GuestsCreated', 'GuestsReused')),
    ];
  }
}
