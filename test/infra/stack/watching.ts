import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { metricDimensions, metricNamespace, metrics } from '../../../lambda/telemetry/metric-names.ts';
import type { Stacks, SynthesisedStack } from '../template.ts';

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

export const operatorsAreTold = (stacks: Stacks): void => {
  const { prod, dev } = stacks;

  describe('an operator', () => {
    it.each(Object.entries(stacks))('of %s is told of every alarm, and of its end', (_name, stack) => {
      const topic = { Ref: stack.one('AWS::SNS::Topic').id };
      expect(alarms(stack).length).toBeGreaterThan(20);
      for (const { properties } of alarms(stack)) {
        expect(properties).toMatchObject({ ActionsEnabled: true, AlarmActions: [topic], OKActions: [topic] });
      }
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
      for (const id of ['issuance-success-rate', 'match-rate', 'degraded-rate', 'cold-starts']) {
        const { Metrics, TreatMissingData } = alarm(prod, id);
        expect(Metrics.map(({ Expression }: { Expression?: string }) => Expression).join()).toContain('>=50');
        expect(TreatMissingData).toBe('notBreaching');
      }
    });

    it('hears of falling rates when they fall below, and of the others when they rise above', () => {
      expect(alarm(prod, 'issuance-success-rate')).toMatchObject({
        ComparisonOperator: 'LessThanThreshold',
        Threshold: 99,
      });
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

    it('has a dashboard with a graph for each alarm', () => {
      const body = JSON.stringify(prod.one('AWS::CloudWatch::Dashboard').properties.DashboardBody);
      for (const title of ['Visitors who got a guest', 'Genesys quota used', 'Dead letters', 'Cold starts']) {
        expect(body).toContain(title);
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
    });

    it('gets mail where an address is given', () => {
      expect(prod.one('AWS::SNS::Subscription').properties).toMatchObject({ Protocol: 'email' });
      expect(dev.all('AWS::SNS::Subscription')).toEqual([]);
    });
  });
};
