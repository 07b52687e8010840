import { assumptions } from './assumptions.ts';
import type { LoadResult } from './simulate-load.ts';

/** What one part of the bill is counted in, in US dollars; published on-demand prices of us-east-1 (November 2026). */
const prices = [
  { part: 'API Gateway', unit: 'REST request', usd: 3.5e-6, count: ({ visitors }) => visitors.requests },
  { part: 'Lambda', unit: 'invocation', usd: 0.2e-6, count: ({ invocations }) => invocations },
  {
    part: 'Lambda',
    unit: 'GB-second (arm64)',
    usd: 0.000_013_333_4,
    count: ({ billedMs }) => (billedMs / 1000) * (assumptions.lambda.memoryMb / 1024),
  },
  { part: 'DynamoDB', unit: 'read unit', usd: 0.125e-6, count: ({ readUnits }) => readUnits },
  { part: 'DynamoDB', unit: 'write unit', usd: 0.625e-6, count: ({ writeUnits }) => writeUnits },
  { part: 'SQS', unit: 'request', usd: 0.4e-6, count: ({ sqsRequests }) => sqsRequests },
  { part: 'Secrets Manager', unit: 'read', usd: 5e-6, count: ({ secretReads }) => secretReads },
] as const satisfies readonly {
  readonly part: string;
  readonly unit: string;
  readonly usd: number;
  readonly count: (result: LoadResult) => number;
}[];

export interface CostLine {
  readonly part: string;
  readonly unit: string;
  readonly usdPerMillion: number;
  /** For 1,000 sessions. */
  readonly count: number;
  readonly usd: number;
}

/** What 1,000 sessions of a load cost, line by line. */
export const costOf = (result: LoadResult): readonly CostLine[] =>
  prices.map(({ part, unit, usd, count }) => {
    const perThousand = (count(result) / result.visitors.sessions) * 1000;
    return { part, unit, usdPerMillion: usd * 1e6, count: perThousand, usd: perThousand * usd };
  });

export const totalUsd = (lines: readonly CostLine[]): number => lines.reduce((sum, { usd }) => sum + usd, 0);
