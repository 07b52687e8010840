import {
  Alarm,
  AlarmRule,
  ComparisonOperator,
  CompositeAlarm,
  type IAlarm,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { accept } from '../accepted-findings.ts';
import { type AlarmDefinition, alarmName, runbookLink } from './alarm-definition.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { alarmDefinitions } from './alarms.ts';
import { CostBudget } from './cost-budget.ts';
import { FirstMinute } from './first-minute.ts';
import { SavedQueries } from './saved-queries.ts';
import type { Watched } from './watched.ts';

interface WatchingProps extends Watched {
  readonly key: IKey;
}

const quiet = {
  page: 'It wakes somebody through the composite alarm visitors-are-affected: one page an incident, however many alarms it sets off.',
  release:
    'It acts through CodeDeploy, which rolls the release back and reports that; the alarm itself says nothing more.',
} as const;

/** Dashboard, alarms, budget and saved queries of one environment. */
export class Watching extends Construct {
  /** Where somebody is woken. */
  readonly pages: ITopic;
  /** Where somebody looks in working hours. */
  readonly tickets: ITopic;
  /** Alarms that end a release. */
  readonly rollbackAlarms: readonly IAlarm[];
  readonly dashboardName: string;
  private readonly settings: Watched['settings'];

  constructor(scope: Construct, id: string, props: WatchingProps) {
    super(scope, id);
    const { settings, init, drain, api, agentView, key } = props;
    this.settings = settings;
    this.pages = new AlarmTopic(this, 'Pages', { key, emails: settings.pageEmails, title: 'page' }).topic;
    this.tickets = new AlarmTopic(this, 'Tickets', {
      key,
      emails: settings.ticketEmails,
      title: 'ticket',
    }).topic;
    new CostBudget(this, 'Cost', { settings, topic: this.tickets });
    new SavedQueries(this, 'Queries', {
      functions: [
        init.logGroup,
        drain.logGroup,
        ...(agentView === undefined ? [] : [agentView.resolve.logGroup]),
      ],
      accessLog: api.accessLog,
    });

    const watched = alarmDefinitions(props).map((definition) => ({
      definition,
      alarm: this.alarm(definition),
    }));
    const heardBy = (audience: AlarmDefinition['audience']): Alarm[] =>
      watched.flatMap(({ definition, alarm }) => (definition.audience === audience ? [alarm] : []));
    for (const alarm of heardBy('ticket')) this.report(alarm, this.tickets);
    const visitors = this.visitorsAreAffected(heardBy('page'));
    this.rollbackAlarms = heardBy('release');
    this.dashboardName = new FirstMinute(this, 'Dashboard', { ...props, visitors, alarms: watched }).name;
  }

  private alarm({
    id,
    audience,
    meaning,
    metric,
    threshold,
    periods,
    silenceIsAlarm,
  }: AlarmDefinition): Alarm {
    const above = 'above' in threshold;
    const alarm = new Alarm(this, id, {
      alarmName: alarmName(this.settings.name, id),
      alarmDescription: `${meaning} Runbook: ${runbookLink(this.settings.runbookUrl, id)}`,
      metric,
      threshold: above ? threshold.above : threshold.below,
      comparisonOperator: above
        ? ComparisonOperator.GREATER_THAN_THRESHOLD
        : ComparisonOperator.LESS_THAN_THRESHOLD,
      datapointsToAlarm: periods?.breaching ?? 1,
      evaluationPeriods: periods?.of ?? 1,
      treatMissingData: silenceIsAlarm === true ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      // Of a handful of requests, a percentile is the slowest: CloudWatch then keeps the state as it is.
      ...('statistic' in metric && metric.statistic.startsWith('p')
        ? { evaluateLowSampleCountPercentile: 'ignore' }
        : {}),
    });
    if (audience !== 'ticket') accept(alarm, ['NIST.800.53.R5-CloudWatchAlarmAction'], quiet[audience]);
    return alarm;
  }

  private report(alarm: Alarm | CompositeAlarm, topic: ITopic): void {
    alarm.addAlarmAction(new SnsAction(topic));
    alarm.addOkAction(new SnsAction(topic));
  }

  /** One page an incident, however many alarms it sets off; while the kill switch is on, nobody is woken. */
  private visitorsAreAffected(alarms: readonly IAlarm[]): CompositeAlarm {
    const id = 'visitors-are-affected';
    const composite = new CompositeAlarm(this, id, {
      compositeAlarmName: alarmName(this.settings.name, id),
      alarmDescription: `Visitors do not get their chat; the alarms below say why. Runbook: ${runbookLink(this.settings.runbookUrl, id)}`,
      alarmRule: AlarmRule.anyOf(...alarms),
      actionsEnabled: !this.settings.closed,
    });
    this.report(composite, this.pages);
    return composite;
  }
}
