import { Duration } from 'aws-cdk-lib';
import type { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';

export const minute = Duration.minutes(1);
export const fiveMinutes = Duration.minutes(5);

/** Sections of the dashboard. */
export type Section =
  | 'Visitors'
  | 'Edge'
  | 'Genesys Cloud'
  | 'Customer data'
  | 'Overflow'
  | 'Agents'
  | 'Release';

/**
 * Who hears of an alarm. `page`: visitors are affected now, somebody gets up (by way of the one composite alarm).
 * `ticket`: somebody looks in working hours. `release`: CodeDeploy alone, which rolls back; nobody is told twice.
 */
export type Audience = 'page' | 'ticket' | 'release';

/** One alarm, with the graph that shows it. */
export interface AlarmDefinition {
  /** Anchor of its paragraph in the runbook, too. */
  readonly id: string;
  readonly section: Section;
  readonly audience: Audience;
  readonly title: string;
  /** What it means, in a sentence. */
  readonly meaning: string;
  readonly metric: Metric | MathExpression;
  readonly threshold: { readonly above: number } | { readonly below: number };
  /** Of so many periods in a row, this many must break the threshold; default 1 of 1. */
  readonly periods?: { readonly breaching: number; readonly of: number };
  /** A metric that says nothing is the alarm: nobody writes it. */
  readonly silenceIsAlarm?: boolean;
}

/** Where the runbook has the paragraph of an alarm. */
export const runbookLink = (runbookUrl: string | undefined, id: string): string =>
  `${runbookUrl ?? 'docs/operations.md'}#${id}`;

/** Name of an alarm: what a pager shows. */
export const alarmName = (environment: string, id: string): string => `guest-profiles-${environment}/${id}`;
