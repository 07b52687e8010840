import { Stack } from 'aws-cdk-lib';
import type { IRestApi } from 'aws-cdk-lib/aws-apigateway';
import {
  CfnAlarm,
  CfnDashboard,
  ComparisonOperator,
  type IAlarm,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import {
  type CustomMetricGroup,
  DefaultDashboardFactory,
  MonitoringFacade,
  notifySns,
} from 'cdk-monitoring-constructs';
import { Construct } from 'constructs';
import { type AlarmDefinition, runbookLink, type Section } from './alarm-definition.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { alarmDefinitions, type Watched } from './alarms.ts';
import { CostBudget } from './cost-budget.ts';
import { SavedQueries } from './saved-queries.ts';

interface WatchingProps extends Watched {
  readonly key: IKey;
}

const rollbackTag = 'rolls-back';

/** Dashboard, alarms, budget and saved queries of one environment. */
export class Watching extends Construct {
  readonly topic: ITopic;
  /** Alarms that end a release. */
  readonly rollbackAlarms: readonly IAlarm[];
  private readonly runbookUrl: string;

  constructor(scope: Construct, id: string, props: WatchingProps) {
    super(scope, id);
    const { settings, init, drain, api, key } = props;
    this.runbookUrl = settings.runbookUrl;
    this.topic = new AlarmTopic(this, 'Alarms', { key, emails: settings.alarmEmails }).topic;
    new CostBudget(this, 'Cost', { settings, topic: this.topic });
    new SavedQueries(this, 'Queries', {
      functions: [init.logGroup, drain.logGroup],
      accessLog: api.accessLog,
    });

    const facade = this.facade();
    const definitions = alarmDefinitions(props);
    for (const section of new Set(definitions.map((definition) => definition.section))) {
      this.monitor(facade, section, definitions);
    }
    this.monitorResources(facade, props);
    this.leaveNamesToCloudFormation();
    this.rollbackAlarms = facade.createdAlarmsWithTag(rollbackTag).map(({ alarm }) => alarm);
  }

  private facade(): MonitoringFacade {
    const { stackName } = Stack.of(this);
    return new MonitoringFacade(this, 'Monitoring', {
      alarmFactoryDefaults: {
        alarmNamePrefix: stackName,
        actionsEnabled: true,
        action: notifySns(this.topic, this.topic),
        datapointsToAlarm: 1,
      },
      dashboardFactory: new DefaultDashboardFactory(this, 'Dashboards', { dashboardNamePrefix: stackName }),
    });
  }

  private monitor(facade: MonitoringFacade, section: Section, definitions: readonly AlarmDefinition[]): void {
    facade.monitorCustom({
      alarmFriendlyName: section.replaceAll(' ', ''),
      humanReadableName: section,
      metricGroups: definitions
        .filter((definition) => definition.section === section)
        .map((definition) => this.group(definition)),
    });
  }

  private group({
    id,
    title,
    meaning,
    metric,
    threshold,
    periods,
    rollsBack,
  }: AlarmDefinition): CustomMetricGroup {
    const above = 'above' in threshold;
    return {
      title,
      metrics: [
        {
          metric,
          alarmFriendlyName: id,
          addAlarm: {
            Critical: {
              threshold: above ? threshold.above : threshold.below,
              comparisonOperator: above
                ? ComparisonOperator.GREATER_THAN_THRESHOLD
                : ComparisonOperator.LESS_THAN_THRESHOLD,
              datapointsToAlarm: periods?.breaching ?? 1,
              evaluationPeriods: periods?.of ?? 1,
              ...(metric.period === undefined ? {} : { period: metric.period }),
              treatMissingDataOverride: TreatMissingData.NOT_BREACHING,
              alarmDescriptionOverride: `${meaning} Runbook: ${runbookLink(this.runbookUrl, id)}`,
              customTags: rollsBack === true ? [rollbackTag] : [],
            },
          },
        },
      ],
    };
  }

  /** Graphs of the AWS resources themselves, for the second look. */
  private monitorResources(facade: MonitoringFacade, { init, drain, api, tables, overflow }: Watched): void {
    facade
      .monitorApiGateway({ api: api.api as IRestApi, apiStage: api.api.deploymentStage.stageName })
      .monitorLambdaFunction({ lambdaFunction: init.function, humanReadableName: 'API function' })
      .monitorLambdaFunction({ lambdaFunction: drain.function, humanReadableName: 'Overflow worker' })
      .monitorDynamoTable({ table: tables.crm as ITable, humanReadableName: 'CRM table' })
      .monitorDynamoTable({ table: tables.guests as ITable, humanReadableName: 'Guest registry' })
      .monitorSqsQueueWithDlq({ queue: overflow.queue, deadLetterQueue: overflow.deadLetters });
  }

  /** The library names alarms and dashboard; CloudFormation can do that, and then replaces them without a clash. */
  private leaveNamesToCloudFormation(): void {
    for (const child of this.node.findAll()) {
      if (child instanceof CfnAlarm) child.addPropertyDeletionOverride('AlarmName');
      if (child instanceof CfnDashboard) child.addPropertyDeletionOverride('DashboardName');
    }
  }
}
