import type { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';

/** Sections of the dashboard. */
export type Section = 'Visitors' | 'Genesys Cloud' | 'Customer data' | 'Overflow' | 'Function and API';

/** One alarm, with the graph that shows it. */
export interface AlarmDefinition {
  /** Anchor of its paragraph in the runbook, too. */
  readonly id: string;
  readonly section: Section;
  readonly title: string;
  /** What it means, in a sentence. */
  readonly meaning: string;
  readonly metric: Metric | MathExpression;
  readonly threshold: { readonly above: number } | { readonly below: number };
  /** Of so many periods in a row, this many must break the threshold; default 1 of 1. */
  readonly periods?: { readonly breaching: number; readonly of: number };
  /** A release that causes it is rolled back. */
  readonly rollsBack?: boolean;
}

/** Where the runbook has the paragraph of an alarm. */
export const runbookLink = (runbookUrl: string, id: string): string => `${runbookUrl}#${id}`;
