import { Stack } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { contentRules, rateRules } from '../edge/web-acl.ts';
import { type AlarmDefinition, fiveMinutes } from './alarm-definition.ts';
import { burnRates } from './visitor-alarms.ts';
import type { Watched } from './watched.ts';

/** Share of `part` in `whole` in percent, 0 below the number of samples that may be judged. */
const share = (label: string, part: Metric, whole: Metric, minSamples: number): MathExpression =>
  new MathExpression({
    label,
    period: fiveMinutes,
    expression: `IF(FILL(whole,0)>=${minSamples},100*FILL(part,0)/whole,0)`,
    usingMetrics: { part, whole },
  });

/** Whether visitors reach the function at all: what happens before it is in none of its own metrics. */
export const edgeAlarms = ({ settings, api, init, drain }: Watched): AlarmDefinition[] => {
  const { minSamples, maxRefusedPercent, maxBlockedPercent } = settings.alarms;
  const section = 'Edge';
  const sum = { statistic: 'Sum', period: fiveMinutes } as const;
  const requests = api.api.metricCount(sum);
  const firewall = (metricName: string, rule: string): Metric =>
    new Metric({
      namespace: 'AWS/WAFV2',
      metricName,
      dimensionsMap: { WebACL: api.webAcl.metricName, Region: Stack.of(api).region, Rule: rule },
      ...sum,
    });
  const blocked = (rules: readonly string[]) =>
    Object.fromEntries(
      rules
        .filter((rule) => api.webAcl.ruleNames.includes(rule))
        .map((rule, index) => [`b${index}`, firewall('BlockedRequests', rule)]),
    );
  const filled = (metrics: object): string =>
    Object.keys(metrics)
      .map((id) => `FILL(${id},0)`)
      .join('+');
  const byContent = blocked(contentRules);
  const byRate = blocked(rateRules);
  return [
    {
      id: 'firewall-blocks',
      section,
      audience: 'page',
      title: 'Blocked for what they ask, %',
      meaning:
        'The firewall refuses many visitors for what they send: an attack, or a rule that is wrong about us.',
      metric: new MathExpression({
        label: 'Blocked, %',
        period: fiveMinutes,
        expression: `IF((${filled(byContent)}+FILL(allowed,0))>=${minSamples},100*(${filled(byContent)})/(${filled(byContent)}+FILL(allowed,0)),0)`,
        usingMetrics: { ...byContent, allowed: firewall('AllowedRequests', 'ALL') },
      }),
      threshold: { above: maxBlockedPercent },
      periods: { breaching: 2, of: 3 },
    },
    {
      id: 'address-limited',
      section,
      audience: 'ticket',
      title: 'Blocked by the limit of an address',
      meaning: 'Addresses ask more often than they may: an attack, or many visitors behind one address.',
      metric: new MathExpression({
        label: 'Blocked',
        period: fiveMinutes,
        expression: filled(byRate),
        usingMetrics: byRate,
      }),
      threshold: { above: 100 },
      periods: { breaching: 2, of: 3 },
    },
    {
      id: 'refused-share',
      section,
      audience: 'page',
      title: 'Responses 4xx, %',
      meaning:
        'Most requests are refused: wrong origins, a website or a release that speaks another language.',
      metric: share('4xx, %', api.api.metricClientError(sum), requests, minSamples),
      threshold: { above: maxRefusedPercent },
      periods: { breaching: 2, of: 3 },
    },
    {
      id: 'gateway-errors',
      section,
      audience: 'page',
      title: 'Responses 5xx, %',
      meaning: 'The API responds with server errors, whether the function was reached or not.',
      metric: share('5xx, %', api.api.metricServerError(sum), requests, minSamples),
      threshold: { above: burnRates.fast * (100 - settings.alarms.minSuccessPercent) },
      periods: { breaching: 2, of: 3 },
    },
    ...(['Errors', 'Throttles'] as const).map(
      (what): AlarmDefinition => ({
        id: what === 'Errors' ? 'function-errors' : 'throttles',
        section,
        audience: 'ticket',
        title: what === 'Errors' ? 'Crashes of the functions' : 'Throttled invocations',
        meaning:
          what === 'Errors'
            ? 'A function crashed or timed out instead of responding.'
            : 'All containers that the functions may have are busy; visitors are turned away.',
        metric: new MathExpression({
          label: what,
          period: fiveMinutes,
          expression: 'FILL(init,0)+FILL(drain,0)',
          usingMetrics: { init: init.function.metric(what, sum), drain: drain.function.metric(what, sum) },
        }),
        threshold: { above: 0 },
        periods: { breaching: 2, of: 3 },
      }),
    ),
  ];
};
