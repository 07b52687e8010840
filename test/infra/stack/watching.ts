import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { metricDimensions, metricNamespace, metrics } from '../../../lambda/telemetry/metric-names.ts';
import { importedTable, type Stacks, type SynthesisedStack, synthesise } from '../template.ts';

interface AlarmMetric {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: { readonly Name: string; readonly Value: unknown }[];
}

const runbook = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
const anchors = new Set(
  [...runbook.matchAll(/^#{2,4} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  ),
);

const alarms = (stack: SynthesisedStack) => stack.all('AWS::CloudWatch::Alarm');
const anchorOf = (description: string): string => description.split('#')[1] ?? '';
const metricsOf = (properties: { Metrics?: { MetricStat?: { Metric: AlarmMetric } }[] }): AlarmMetric[] =>
  properties.Metrics?.flatMap(({ MetricStat }) => (MetricStat === undefined ? [] : [MetricStat.Metric])) ?? [
    properties as unknown as AlarmMetric,
  ];
const alarm = (stack: SynthesisedStack, id: string) => {
  const found = alarms(stack).find(({ properties }) => anchorOf(properties.AlarmDescription) === id);
  if (found === undefined) throw new Error(`no alarm ${id}`);
  return found.properties;
};

interface Widget {
  readonly properties: { readonly title?: string; readonly metrics?: readonly (readonly unknown[])[] };
}
/** References stand in the text as the logical ids of what they refer to. */
const widgets = (stack: SynthesisedStack): readonly Widget[] => {
  const [, parts] = stack.one('AWS::CloudWatch::Dashboard').properties.DashboardBody['Fn::Join'];
  const text = parts.map((part: string | { Ref?: string }) =>
    typeof part === 'string' ? part : (part.Ref ?? ''),
  );
  return JSON.parse(text.join('')).widgets;
};

export const operatorsAreTold = (stacks: Stacks): void => {
  const { prod, dev } = stacks;

  describe('an operator', () => {
    it.each(Object.entries(stacks))(
      'of %s hears of each alarm once: as a page, a ticket or a rollback',
      (_name, stack) => {
        const topic = (id: string) => ({ Ref: stack.one('AWS::SNS::Topic', id).id });
        const composite = stack.one('AWS::CloudWatch::CompositeAlarm');
        expect(composite.properties).toMatchObject({
          AlarmActions: [topic('WatchingPages')],
          OKActions: [topic('WatchingPages')],
        });
        const rollback = stack.one('AWS::CodeDeploy::DeploymentGroup').text;
        for (const { id, properties } of alarms(stack)) {
          const heard = [
            properties.AlarmActions?.length === 1 &&
              properties.AlarmActions[0].Ref === topic('WatchingTickets').Ref,
            composite.text.includes(id),
            rollback.includes(id),
          ];
          expect([id, heard.filter(Boolean).length]).toEqual([id, 1]);
        }
      },
    );

    it('reads in the name which environment and what', () => {
      for (const { properties } of alarms(prod)) {
        expect(properties.AlarmName).toBe(`guest-profiles-prod/${anchorOf(properties.AlarmDescription)}`);
      }
    });

    it('is not woken while the API is closed on purpose', () => {
      expect(stacks.closed.one('AWS::CloudWatch::CompositeAlarm').properties.ActionsEnabled).toBe(false);
      expect(prod.one('AWS::CloudWatch::CompositeAlarm').properties.ActionsEnabled).toBe(true);
    });

    it('hears silence: nobody served, visitors blocked or refused before they reach the function', () => {
      expect(alarm(prod, 'visitors-absent')).toMatchObject({
        TreatMissingData: 'breaching',
        ComparisonOperator: 'LessThanThreshold',
        Threshold: 1,
      });
      expect(alarms(dev).map(({ properties }) => properties.AlarmName)).not.toContain(
        'guest-profiles-dev/visitors-absent',
      );
      const blocks = metricsOf(alarm(prod, 'firewall-blocks'));
      expect(new Set(blocks.map(({ Namespace }) => Namespace))).toEqual(new Set(['AWS/WAFV2']));
      const { VisibilityConfig, Rules } = prod.one('AWS::WAFv2::WebACL').properties;
      const names = Rules.map(
        ({ VisibilityConfig: { MetricName } }: { VisibilityConfig: AlarmMetric }) => MetricName,
      );
      for (const { Dimensions } of [...blocks, ...metricsOf(alarm(prod, 'address-limited'))]) {
        const value = (wanted: string) => Dimensions.find(({ Name }) => Name === wanted)?.Value;
        expect(value('WebACL')).toBe(VisibilityConfig.MetricName);
        expect([...names, 'ALL']).toContain(value('Rule'));
      }
      expect(
        metricsOf(alarm(prod, 'refused-share'))
          .map(({ MetricName }) => MetricName)
          .sort(),
      ).toEqual(['4XXError', 'Count']);
    });

    it('hears how fast the month’s error budget burns', () => {
      expect(alarm(prod, 'budget-burns-fast').Threshold).toBeCloseTo(100 - 14.4);
      expect(alarm(prod, 'budget-burns-slowly').Threshold).toBeCloseTo(100 - 3);
      expect(alarm(dev, 'budget-burns-fast').Threshold).toBeCloseTo(100 - 72);
    });

    it('hears of the age that the worker measures: SQS loses sight of messages that come back', () => {
      expect(metricsOf(alarm(prod, 'queue-age'))).toMatchObject([
        { Namespace: metricNamespace, MetricName: 'OverflowAge' },
      ]);
    });

    it('finds the paragraph of the runbook behind the link of each alarm', () => {
      for (const { properties } of alarms(prod)) {
        expect(properties.AlarmDescription).toMatch(/Runbook: docs\/operations\.md#[a-z0-9-]+$/);
        expect(anchors).toContain(anchorOf(properties.AlarmDescription));
      }
    });

    it('reads in each such paragraph what it means, where to look first, and the remedy', () => {
      const paragraphs = runbook.split(/^#{2,4} /m);
      for (const { properties } of alarms(prod)) {
        const heading = anchorOf(properties.AlarmDescription);
        const paragraph = paragraphs.find((text) => text.startsWith(`${heading}\n`)) ?? '';
        expect(paragraph).toMatch(/\*\*Means\.\*\*[\s\S]+\*\*First look\.\*\*[\s\S]+\*\*Remedy\.\*\*/);
      }
    });

    it('is alarmed on metrics that the function writes, with the dimensions that it writes them with', () => {
      const own = alarms(prod)
        .flatMap(({ properties }) => metricsOf(properties))
        .filter(({ Namespace }) => Namespace === metricNamespace);
      expect(own.length).toBeGreaterThan(10);
      for (const { MetricName, Dimensions } of own) {
        expect(Object.keys(metrics)).toContain(MetricName);
        expect(Dimensions.map(({ Name }) => Name).sort()).toEqual([...metricDimensions].sort());
        expect(Dimensions).toEqual(
          expect.arrayContaining([
            { Name: 'environment', Value: 'production' },
            { Name: 'provider', Value: 'webchat-v1' },
          ]),
        );
      }
    });

    it('is not woken by a quiet night: rates need a number of visitors', () => {
      for (const id of [
        'budget-burns-fast',
        'match-rate',
        'degraded-rate',
        'refused-share',
        'firewall-blocks',
      ]) {
        const { Metrics, TreatMissingData } = alarm(prod, id);
        expect(Metrics.map(({ Expression }: { Expression?: string }) => Expression).join()).toContain('>=50');
        expect(TreatMissingData).toBe('notBreaching');
      }
    });

    it('hears of falling rates when they fall below, and of the others when they rise above', () => {
      expect(alarm(prod, 'match-rate')).toMatchObject({
        ComparisonOperator: 'LessThanThreshold',
        Threshold: 40,
      });
      expect(alarm(prod, 'latency-p95')).toMatchObject({
        ComparisonOperator: 'GreaterThanThreshold',
        Metrics: [{ MetricStat: { Stat: 'p95' } }],
        Threshold: 2000,
      });
      expect(alarm(dev, 'latency-p95').Threshold).toBe(3000);
      expect(alarm(prod, 'dead-letters')).toMatchObject({
        ComparisonOperator: 'GreaterThanThreshold',
        Threshold: 0,
      });
    });

    it('sees no percentile of a handful of requests', () => {
      expect(alarm(prod, 'latency-p95').EvaluateLowSampleCountPercentile).toBe('ignore');
    });

    it('follows a link to the deployed runbook where its address is known', () => {
      const linked = synthesise(
        'prod',
        { runbookUrl: 'https://git.example/guests/docs/operations.md' },
        { check: false },
      );
      for (const { properties } of alarms(linked)) {
        expect(properties.AlarmDescription).toMatch(
          /Runbook: https:\/\/git\.example\/guests\/docs\/operations\.md#[a-z0-9-]+$/,
        );
      }
    });

    it('has a dashboard with a graph for each alarm', () => {
      const body = JSON.stringify(prod.one('AWS::CloudWatch::Dashboard').properties.DashboardBody);
      for (const title of [
        'Visitors who got a guest',
        'Genesys quota used',
        'Dead letters',
        'Alarms',
        'Look here first',
      ]) {
        expect(body).toContain(title);
      }
      expect(prod.one('AWS::CloudWatch::Dashboard').properties.DashboardName).toBe('guest-profiles-prod');
    });

    it('finds every graph that the runbook names', () => {
      const titles = widgets(prod).map(({ properties }) => properties.title);
      const named = [...runbook.matchAll(/[Gg]raph "([^"]+)"/g)].map(([, title]) => title);
      expect(named).toContain('Queue');
      expect(titles).toEqual(expect.arrayContaining(named));
    });

    it('sees what DynamoDB throttles, by metrics that it writes of a table as a whole', () => {
      const throttled = (stack: SynthesisedStack) =>
        widgets(stack)
          .find(({ properties }) => properties.title === 'Throttled by DynamoDB')
          ?.properties.metrics?.map((metric) => metric.slice(0, -1));
      const of = (...names: readonly string[]) =>
        names.flatMap((name) =>
          ['ReadThrottleEvents', 'WriteThrottleEvents'].map((metric) => [
            'AWS/DynamoDB',
            metric,
            'TableName',
            name,
          ]),
        );
      const table = (id: string) => prod.one('AWS::DynamoDB::GlobalTable', id).id;
      expect(throttled(prod)).toEqual(of(table('TablesCrm'), table('TablesGuests')));
      const imported = synthesise('prod', importedTable, { check: false });
      expect(throttled(imported)).toEqual(of('customers-2026-11', table('TablesGuests')));
    });

    it('reads what alarms and metrics cost in a month, as many as the templates have', () => {
      const rows = Object.entries({ development: dev, production: prod }).map(([name, stack]) => {
        const watched = alarms(stack).flatMap(({ properties }) => metricsOf(properties)).length;
        return `| Alarms, ${name} | ${alarms(stack).length} alarms on ${watched} metrics × 0.10, one composite 0.50 | ${(watched * 0.1 + 0.5).toFixed(2)} |`;
      });
      const own = Object.keys(metrics).length + prod.all('AWS::Logs::MetricFilter').length;
      for (const row of [...rows, `| Metrics of our own | ${own} × 0.30, if all are written |`]) {
        expect(runbook).toContain(row);
      }
    });

    it('has queries at hand, saved under the name of the stack', () => {
      const names = prod.all('AWS::Logs::QueryDefinition').map(({ properties }) => properties.Name);
      expect(names).toContain('GuestProfiles-prod/Errors by code');
      expect(names.every((name: string) => name.startsWith('GuestProfiles-prod/'))).toBe(true);
    });

    it('is told of cost before the month is spent', () => {
      const { Budget, NotificationsWithSubscribers } = prod.one('AWS::Budgets::Budget').properties;
      expect(Budget.BudgetLimit).toEqual({ Amount: 500, Unit: 'USD' });
      expect(NotificationsWithSubscribers).toHaveLength(2);
      expect(Budget.CostFilters).toEqual({ TagKeyValue: ['user:guest-profiles$prod'] });
    });

    it('gets mail where an address is given', () => {
      const addresses = prod.all('AWS::SNS::Subscription').map(({ properties }) => properties.Endpoint);
      expect(addresses.sort()).toEqual(['on-call@example.com', 'operations@example.com']);
      expect(dev.all('AWS::SNS::Subscription')).toEqual([]);
    });
  });
};
