import { assumptions } from './assumptions.ts';
import type { LoadResult } from './simulate-load.ts';

/** What one part of the bill is counted in, in US dollars; list prices on demand of us-east-1, first tier. */
const prices = [
  {
    part: 'API Gateway',
    unit: 'REST request',
    usdPerMillion: 3.5,
    count: ({ visitors }) => visitors.requests,
  },
  { part: 'Lambda', unit: 'invocation', usdPerMillion: 0.2, count: ({ invocations }) => invocations },
  {
    part: 'Lambda',
    unit: 'GB-second (arm64)',
    usdPerMillion: 13.3334,
    count: ({ billedMs }) => (billedMs / 1000) * (assumptions.lambda.memoryMb / 1024),
  },
  { part: 'DynamoDB', unit: 'read unit', usdPerMillion: 0.125, count: ({ readUnits }) => readUnits },
  { part: 'DynamoDB', unit: 'write unit', usdPerMillion: 0.625, count: ({ writeUnits }) => writeUnits },
  { part: 'SQS', unit: 'request', usdPerMillion: 0.4, count: ({ sqsRequests }) => sqsRequests },
  { part: 'Secrets Manager', unit: 'read', usdPerMillion: 5, count: ({ secretReads }) => secretReads },
] as const satisfies readonly {
  readonly part: string;
  readonly unit: string;
  readonly usdPerMillion: number;
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
  prices.map(({ part, unit, usdPerMillion, count }) => {
    const perThousand = (count(result) / result.visitors.sessions) * 1000;
    return { part, unit, usdPerMillion, count: perThousand, usd: (perThousand * usdPerMillion) / 1e6 };
  });

export const totalUsd = (lines: readonly CostLine[]): number => lines.reduce((sum, { usd }) => sum + usd, 0);
