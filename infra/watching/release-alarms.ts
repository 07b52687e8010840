import { MathExpression } from 'aws-cdk-lib/aws-cloudwatch';
import { type AlarmDefinition, minute } from './alarm-definition.ts';
import type { GuestMetrics } from './guest-metrics.ts';
import type { Watched } from './watched.ts';

/** Failures in a minute below which nothing is rolled back: one unlucky visitor is no bad release. */
const leastFailures = 2;
/** How many percent more of its requests the new version must fail than the version that it replaces. */
const excessPercent = 20;

const failedNew = 'FILL(failedNew,0)';
const runsNew = 'FILL(runsNew,0)';
const runsOld = `(FILL(runsAll,0)-${runsNew})`;
const shareOfOld = `IF(${runsOld}>0,(FILL(failedAll,0)-${failedNew})/${runsOld},0)`;
const failureExcess = `IF(${failedNew}>=${leastFailures} && ${runsNew}>0,100*(${failedNew}/${runsNew}-${shareOfOld}),0)`;

/**
 * What the new version does worse than the old one. An outage of Genesys Cloud fails both alike and rolls nothing
 * back, so that a fix can be released while it lasts. Both decide within three minutes of a five-minute canary.
 */
export const releaseAlarms = ({ release }: Watched, guests: GuestMetrics): AlarmDefinition[] => [
  {
    id: 'new-version-crashes',
    section: 'Release',
    audience: 'release',
    title: 'Crashes of the newest version',
    meaning: 'The newest version crashes; while it is released, it is rolled back.',
    metric: release.ofNewestVersion('Errors'),
    threshold: { above: leastFailures - 1 },
    periods: { breaching: 1, of: 3 },
  },
  {
    id: 'new-version-failures',
    section: 'Release',
    audience: 'release',
    title: 'Failures of the newest version beyond those of the others, %',
    meaning:
      'The newest version fails more often than the one before; while it is released, it is rolled back.',
    metric: new MathExpression({
      label: 'Excess, %',
      period: minute,
      expression: failureExcess,
      usingMetrics: {
        failedNew: release.failures(),
        failedAll: guests.metric('Failed', 'Sum', minute),
        runsNew: release.ofNewestVersion('Invocations'),
        runsAll: release.invocations(),
      },
    }),
    threshold: { above: excessPercent },
    periods: { breaching: 2, of: 5 },
  },
];
