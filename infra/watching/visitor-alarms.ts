import { Duration } from 'aws-cdk-lib';
import { type AlarmDefinition, fiveMinutes } from './alarm-definition.ts';
import type { GuestMetrics } from './guest-metrics.ts';
import type { Watched } from './watched.ts';

/**
 * How fast the month's error budget may burn before somebody hears of it: 14.4 times spends 2 % of it in an hour,
 * 3 times spends it in ten days.
 * @see https://sre.google/workbook/alerting-on-slos/
 */
export const burnRates = { fast: 14.4, slow: 3 } as const;

const served = ['Issued', 'Queued'] as const;
const judged = [...served, 'Failed'] as const;

/** Whether visitors get their chat. */
export const visitorAlarms = ({ settings }: Watched, guests: GuestMetrics): AlarmDefinition[] => {
  const { minSuccessPercent, minSamples, maxP95Ms, maxSilentMinutes } = settings.alarms;
  const section = 'Visitors';
  const success = (period: Duration) =>
    guests.sharePercent({
      label: 'Issued or queued, %',
      of: served,
      in: judged,
      minSamples,
      otherwise: 100,
      period,
    });
  const below = (burn: number) => ({ below: 100 - burn * (100 - minSuccessPercent) });
  return [
    {
      id: 'budget-burns-fast',
      section,
      audience: 'page',
      title: 'Visitors who got a guest, 5 minutes',
      meaning:
        'So many visitors get an error instead of a chat that the month’s error budget is gone in two days.',
      metric: success(fiveMinutes),
      threshold: below(burnRates.fast),
      periods: { breaching: 2, of: 3 },
    },
    {
      id: 'budget-burns-slowly',
      section,
      audience: 'ticket',
      title: 'Visitors who got a guest, an hour',
      meaning: 'Errors last: the month’s error budget is gone in ten days.',
      metric: success(Duration.hours(1)),
      threshold: below(burnRates.slow),
      periods: { breaching: 3, of: 6 },
    },
    ...(maxSilentMinutes === undefined
      ? []
      : [
          {
            id: 'visitors-absent',
            section,
            audience: 'page',
            title: 'Visitors served',
            meaning: `No visitor got a chat for ${maxSilentMinutes} minutes: DNS, firewall, origins or the website itself.`,
            metric: guests.total('Served', served, Duration.minutes(maxSilentMinutes)),
            threshold: { below: 1 },
            silenceIsAlarm: true,
          } as const,
        ]),
    {
      id: 'latency-p95',
      section,
      audience: 'ticket',
      title: 'Time to a guest, p95',
      meaning: 'One visitor in twenty waits too long for the chat.',
      metric: guests.metric('InitDuration', 'p95'),
      threshold: { above: maxP95Ms },
      periods: { breaching: 3, of: 3 },
    },
  ];
};
