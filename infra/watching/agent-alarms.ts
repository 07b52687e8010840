import { type AlarmDefinition, fiveMinutes } from './alarm-definition.ts';
import type { GuestMetrics } from './guest-metrics.ts';
import type { Watched } from './watched.ts';

/** Whether agents see who writes; none where no organisation asks. */
export const agentAlarms = ({ agentView }: Watched, guests: GuestMetrics): AlarmDefinition[] =>
  agentView === undefined
    ? []
    : [
        {
          id: 'resolve-errors',
          section: 'Agents',
          audience: 'ticket',
          title: "Errors of the agent's view",
          meaning: 'Message flows get an error instead of who the visitor is; agents see a stranger.',
          metric: agentView.resolve.function.metricErrors({ statistic: 'Sum', period: fiveMinutes }),
          threshold: { above: 2 },
          periods: { breaching: 2, of: 3 },
        },
        {
          id: 'references-reused',
          section: 'Agents',
          audience: 'ticket',
          title: 'Guest references of another conversation',
          meaning:
            'Somebody presents what belongs to another conversation, perhaps read from an agent’s screen.',
          metric: guests.metric('ReferencesReused'),
          threshold: { above: 2 },
        },
      ];
