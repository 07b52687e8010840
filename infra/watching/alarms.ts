import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { GuestApi } from '../edge/guest-api.ts';
import type { GuestFunction } from '../guest-function.ts';
import type { GuestTables } from '../guest-tables.ts';
import type { Overflow } from '../overflow.ts';
import type { Release } from '../release.ts';
import type { Settings } from '../settings.ts';
import type { AlarmDefinition } from './alarm-definition.ts';
import { GuestMetrics } from './guest-metrics.ts';

/** What is watched. */
export interface Watched {
  readonly settings: Settings;
  readonly init: GuestFunction;
  readonly drain: GuestFunction;
  readonly release: Release;
  readonly api: GuestApi;
  readonly tables: GuestTables;
  readonly overflow: Overflow;
}

const minute = Duration.minutes(1);
const fiveMinutes = Duration.minutes(5);
const lasting = { breaching: 3, of: 3 } as const;

/** Sum of several metrics of AWS. */
const total = (label: string, parts: Readonly<Record<string, Metric>>): MathExpression =>
  new MathExpression({
    label,
    period: fiveMinutes,
    expression: Object.keys(parts)
      .map((id) => `FILL(${id},0)`)
      .join('+'),
    usingMetrics: { ...parts },
  });

const visitorAlarms = ({ settings }: Watched, guests: GuestMetrics): AlarmDefinition[] => {
  const { alarms } = settings;
  const section = 'Visitors';
  return [
    {
      id: 'issuance-success-rate',
      section,
      title: 'Visitors who got a guest',
      meaning: 'Too many visitors got an error instead of a chat.',
      metric: guests.sharePercent({
        label: 'Issued or queued, %',
        of: ['Issued', 'Queued'],
        in: ['Issued', 'Queued', 'Failed'],
        minSamples: alarms.minSamples,
        otherwise: 100,
      }),
      threshold: { below: alarms.minSuccessPercent },
      periods: { breaching: 2, of: 3 },
    },
    {
      id: 'release-failures',
      section,
      title: 'Failures, minute by minute',
      meaning: 'Requests fail; while a release is under way, it is rolled back.',
      metric: guests.sharePercent({
        label: 'Failed, %',
        of: ['Failed'],
        in: ['Issued', 'Queued', 'Failed'],
        minSamples: 5,
        otherwise: 0,
        period: minute,
      }),
      threshold: { above: 2 * (100 - alarms.minSuccessPercent) },
      periods: { breaching: 2, of: 3 },
      rollsBack: true,
    },
    {
      id: 'latency-p95',
      section,
      title: 'Time to a guest, p95',
      meaning: 'One visitor in twenty waits too long for the chat.',
      metric: guests.metric('InitDuration', 'p95'),
      threshold: { above: alarms.maxP95Ms },
      periods: lasting,
    },
    {
      id: 'latency-p99',
      section,
      title: 'Time to a guest, p99',
      meaning: 'One visitor in a hundred waits close to the time budget.',
      metric: guests.metric('InitDuration', 'p99'),
      threshold: { above: alarms.maxP99Ms },
      periods: lasting,
    },
  ];
};

const genesysAlarms = ({ settings }: Watched, guests: GuestMetrics): AlarmDefinition[] => {
  const section = 'Genesys Cloud';
  return [
    {
      id: 'genesys-limited',
      section,
      title: 'Answers 429 of Genesys Cloud',
      meaning: 'Genesys Cloud limits this service; visitors are queued.',
      metric: guests.metric('GenesysLimited'),
      threshold: { above: 10 },
      periods: { breaching: 2, of: 3 },
    },
    {
      id: 'genesys-quota',
      section,
      title: 'Genesys quota used',
      meaning: 'The quota of a minute is nearly used up; limiting comes next.',
      metric: guests.metric('GenesysQuotaUsed', 'Maximum', minute),
      threshold: { above: settings.alarms.maxQuotaPercent },
      periods: { breaching: 3, of: 5 },
    },
    {
      id: 'oauth-failures',
      section,
      title: 'Failed logins at Genesys Cloud',
      meaning: 'The service cannot log in; nobody gets a chat when the last token ends.',
      metric: guests.metric('OAuthFailures'),
      threshold: { above: 2 },
    },
    {
      id: 'secret-invalid',
      section,
      title: 'Secret missing, malformed or a placeholder',
      meaning: 'The Genesys credentials are unusable; every request fails.',
      metric: guests.metric('SecretInvalid', 'Sum', minute),
      threshold: { above: 0 },
    },
    {
      id: 'breaker-open',
      section,
      title: 'Circuit breakers opened',
      meaning: 'Genesys Cloud failed five times in a row for a container, which now answers 503 at once.',
      metric: guests.metric('BreakerOpened'),
      threshold: { above: 2 },
    },
    {
      id: 'orphaned-guests',
      section,
      title: 'Guests that nobody may know',
      meaning: 'Answers to the creation of guests got lost; personal data may stay at Genesys Cloud unused.',
      metric: guests.metric('GuestsOrphaned'),
      threshold: { above: 5 },
    },
  ];
};

const dataAlarms = ({ settings, tables }: Watched, guests: GuestMetrics): AlarmDefinition[] => {
  const { alarms } = settings;
  const section = 'Customer data';
  const looked = ['EnrichmentMatched', 'EnrichmentNotFound'] as const;
  const all = [...looked, 'EnrichmentDegraded', 'EnrichmentNoConsent'] as const;
  const throttles = (table: GuestTables['crm']): Metric =>
    new Metric({
      namespace: 'AWS/DynamoDB',
      metricName: 'ThrottledRequests',
      dimensionsMap: { TableName: table.tableName },
      statistic: 'Sum',
      period: fiveMinutes,
    });
  return [
    {
      id: 'match-rate',
      section,
      title: 'Visitors found in the CRM table',
      meaning: 'Too few visitors are recognised: the session hash of import and service drifted apart.',
      metric: guests.sharePercent({
        label: 'Matched, %',
        of: ['EnrichmentMatched'],
        in: looked,
        minSamples: alarms.minSamples,
        otherwise: 100,
      }),
      threshold: { below: alarms.minMatchPercent },
      periods: lasting,
    },
    {
      id: 'degraded-rate',
      section,
      title: 'Visitors served without CRM data',
      meaning: 'The CRM table cannot be read in time; agents see anonymous visitors.',
      metric: guests.sharePercent({
        label: 'Degraded, %',
        of: ['EnrichmentDegraded'],
        in: all,
        minSamples: alarms.minSamples,
        otherwise: 0,
      }),
      threshold: { above: alarms.maxDegradedPercent },
      periods: { breaching: 2, of: 3 },
    },
    {
      id: 'crm-records-invalid',
      section,
      title: 'CRM records that break the schema',
      meaning: 'An import wrote records that the service has to treat as absent.',
      metric: guests.metric('CrmRecordInvalid'),
      threshold: { above: 10 },
    },
    {
      id: 'registry-unavailable',
      section,
      title: 'Requests without the registry',
      meaning: 'The registry cannot be reached; a visitor may be registered twice.',
      metric: guests.metric('RegistryUnavailable'),
      threshold: { above: 5 },
      periods: { breaching: 2, of: 3 },
    },
    {
      id: 'table-throttles',
      section,
      title: 'Throttled reads and writes of the tables',
      meaning: 'DynamoDB throttles; usually one partition gets too much of an import.',
      metric: total('Throttled', {
        crm: throttles(tables.crm),
        guests: throttles(tables.guests),
      }),
      threshold: { above: 10 },
    },
  ];
};

const overflowAlarms = ({ settings, overflow }: Watched, guests: GuestMetrics): AlarmDefinition[] => {
  const section = 'Overflow';
  return [
    {
      id: 'queue-age',
      section,
      title: 'Age of the oldest queued registration',
      meaning: 'The queue is not served fast enough; visitors are about to be given up.',
      metric: overflow.queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: minute }),
      threshold: { above: settings.alarms.maxQueueAgeSeconds },
      periods: { breaching: 2, of: 3 },
    },
    {
      id: 'dead-letters',
      section,
      title: 'Dead letters',
      meaning: 'The worker could not even read a message; a defect or a foreign sender.',
      metric: overflow.deadLetters.metricApproximateNumberOfMessagesVisible({
        statistic: 'Maximum',
        period: fiveMinutes,
      }),
      threshold: { above: 0 },
    },
    {
      id: 'registrations-given-up',
      section,
      title: 'Registrations given up',
      meaning: 'Visitors waited in the queue and got no chat.',
      metric: guests.metric('OverflowGivenUp'),
      threshold: { above: 5 },
    },
  ];
};

const platformAlarms = (
  { settings, init, drain, release, api }: Watched,
  guests: GuestMetrics,
): AlarmDefinition[] => {
  const { alarms } = settings;
  const section = 'Function and API';
  const functions = (what: 'Errors' | 'Throttles'): MathExpression =>
    total(what, {
      init: init.function.metric(what, { statistic: 'Sum', period: fiveMinutes }),
      drain: drain.function.metric(what, { statistic: 'Sum', period: fiveMinutes }),
    });
  const invocations = init.function.metricInvocations({ period: fiveMinutes });
  return [
    {
      id: 'function-errors',
      section,
      title: 'Crashes of the functions',
      meaning: 'A function crashed or timed out instead of answering.',
      metric: functions('Errors'),
      threshold: { above: 0 },
      periods: { breaching: 2, of: 3 },
    },
    {
      id: 'new-version-errors',
      section,
      title: 'Crashes of the newest version',
      meaning: 'The newest version crashes; while it is released, it is rolled back.',
      metric: release.newestVersionErrors(),
      threshold: { above: 0 },
      rollsBack: true,
    },
    {
      id: 'throttles',
      section,
      title: 'Throttled invocations',
      meaning: 'The reserved concurrency is used up; visitors are turned away.',
      metric: functions('Throttles'),
      threshold: { above: 0 },
    },
    {
      id: 'gateway-errors',
      section,
      title: 'Answers 5xx of the API',
      meaning: 'The API answers with server errors, whether the function was reached or not.',
      metric: api.api.metricServerError({ statistic: 'Sum', period: fiveMinutes }),
      threshold: { above: 20 },
      periods: { breaching: 2, of: 3 },
      rollsBack: true,
    },
    {
      id: 'cold-starts',
      section,
      title: 'Cold starts',
      meaning: 'Many requests wait for a container to start.',
      metric: new MathExpression({
        label: 'Cold starts, %',
        period: fiveMinutes,
        expression: `IF(FILL(runs,0)>=${alarms.minSamples},100*FILL(starts,0)/runs,0)`,
        usingMetrics: { runs: invocations, starts: guests.metric('ColdStart') },
      }),
      threshold: { above: alarms.maxColdStartPercent },
      periods: lasting,
    },
  ];
};

/** Every alarm of an environment. Each id is a paragraph of the runbook. */
export const alarmDefinitions = (watched: Watched): readonly AlarmDefinition[] => {
  const guests = new GuestMetrics(watched.settings);
  return [visitorAlarms, genesysAlarms, dataAlarms, overflowAlarms, platformAlarms].flatMap((alarmsOf) =>
    alarmsOf(watched, guests),
  );
};
