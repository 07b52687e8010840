import { agentAlarms } from './agent-alarms.ts';
import type { AlarmDefinition } from './alarm-definition.ts';
import { fiveMinutes, minute } from './alarm-definition.ts';
import { edgeAlarms } from './edge-alarms.ts';
import { GuestMetrics } from './guest-metrics.ts';
import { releaseAlarms } from './release-alarms.ts';
import { visitorAlarms } from './visitor-alarms.ts';
import type { Watched } from './watched.ts';

const genesysAlarms = ({ settings }: Watched, guests: GuestMetrics): AlarmDefinition[] => {
  const section = 'Genesys Cloud';
  return [
    {
      id: 'genesys-limited',
      section,
      audience: 'ticket',
      title: 'Responses 429 of Genesys Cloud',
      meaning: 'Genesys Cloud limits this service; visitors are queued.',
      metric: guests.metric('GenesysLimited'),
      threshold: { above: 10 },
      periods: { breaching: 2, of: 3 },
    },
    {
      id: 'genesys-quota',
      section,
      audience: 'ticket',
      title: 'Genesys quota used',
      meaning: 'The quota of a minute is nearly used up; limiting comes next.',
      metric: guests.metric('GenesysQuotaUsed', 'Maximum', minute),
      threshold: { above: settings.alarms.maxQuotaPercent },
      periods: { breaching: 3, of: 5 },
    },
    {
      id: 'oauth-failures',
      section,
      audience: 'page',
      title: 'Failed logins at Genesys Cloud',
      meaning: 'The service cannot log in; nobody gets a chat when the last token ends.',
      metric: guests.metric('OAuthFailures'),
      threshold: { above: 2 },
    },
    {
      id: 'secret-invalid',
      section,
      audience: 'page',
      title: 'Secret missing, malformed or a placeholder',
      meaning: 'The Genesys credentials are unusable; every request fails.',
      metric: guests.metric('SecretInvalid', 'Sum', minute),
      threshold: { above: 0 },
    },
    {
      id: 'orphaned-guests',
      section,
      audience: 'ticket',
      title: 'Guests that nobody may know',
      meaning:
        'Responses to the creation of guests were lost; personal data may stay at Genesys Cloud unused.',
      metric: guests.metric('GuestsOrphaned'),
      threshold: { above: 5 },
    },
  ];
};

const dataAlarms = ({ settings }: Watched, guests: GuestMetrics): AlarmDefinition[] => {
  const { alarms } = settings;
  const section = 'Customer data';
  const looked = ['EnrichmentMatched', 'EnrichmentNotFound'] as const;
  const all = [...looked, 'EnrichmentDegraded', 'EnrichmentNoConsent'] as const;
  return [
    {
      id: 'match-rate',
      section,
      audience: 'ticket',
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
      periods: { breaching: 3, of: 3 },
    },
    {
      id: 'degraded-rate',
      section,
      audience: 'ticket',
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
      audience: 'ticket',
      title: 'CRM records that break the schema',
      meaning: 'An import wrote records that the service has to treat as absent.',
      metric: guests.metric('CrmRecordInvalid'),
      threshold: { above: 10 },
    },
    {
      id: 'registry-unavailable',
      section,
      audience: 'ticket',
      title: 'Requests without the registry',
      meaning: 'The registry cannot be reached; a visitor may be registered twice.',
      metric: guests.metric('RegistryUnavailable'),
      threshold: { above: 5 },
      periods: { breaching: 2, of: 3 },
    },
  ];
};

const overflowAlarms = ({ settings, overflow }: Watched, guests: GuestMetrics): AlarmDefinition[] => {
  const section = 'Overflow';
  return [
    {
      id: 'queue-age',
      section,
      audience: 'ticket',
      title: 'How long queued registrations have waited',
      meaning: 'The queue is not served fast enough; visitors are about to be given up.',
      metric: guests.metric('OverflowAge', 'Maximum', minute),
      threshold: { above: settings.alarms.maxQueueAgeSeconds },
      periods: { breaching: 2, of: 3 },
    },
    {
      id: 'admission-refused',
      section,
      audience: 'ticket',
      title: 'Unverified sessions that had to wait',
      meaning:
        'Unverified sessions have used up their share of quota or queue; perhaps somebody makes them up.',
      metric: guests.metric('AdmissionRefused'),
      threshold: { above: 10 },
    },
    {
      id: 'dead-letters',
      section,
      audience: 'ticket',
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
      audience: 'ticket',
      title: 'Registrations given up',
      meaning: 'Visitors waited in the queue and did not get a chat.',
      metric: guests.metric('OverflowGivenUp'),
      threshold: { above: 5 },
    },
  ];
};

/** Every alarm of an environment. Each id is a paragraph of the runbook. */
export const alarmDefinitions = (watched: Watched): readonly AlarmDefinition[] => {
  const guests = new GuestMetrics(watched.settings);
  return [
    visitorAlarms,
    edgeAlarms,
    genesysAlarms,
    dataAlarms,
    overflowAlarms,
    agentAlarms,
    releaseAlarms,
  ].flatMap((alarmsOf) => alarmsOf(watched, guests));
};
