/**
 * CloudWatch metrics of both functions, written in the embedded metric format to stdout.
 * No imports: the stack builds its alarms and dashboard from this file.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
export const metricNamespace = 'GuestProfiles';

/** Dimensions that every metric carries. */
export const metricDimensions = ['environment', 'provider'] as const;

/** Name → CloudWatch unit. */
export const metrics = {
  /** Requests that passed validation and got an answer 200. */
  Issued: 'Count',
  /** Answers 202. */
  Queued: 'Count',
  /** Answers 4xx: the caller's mistake. */
  Refused: 'Count',
  /** Answers 5xx. */
  Failed: 'Count',
  /** From the start of the handler to the answer. */
  InitDuration: 'Milliseconds',
  ColdStart: 'Count',

  EnrichmentMatched: 'Count',
  EnrichmentNotFound: 'Count',
  EnrichmentNoConsent: 'Count',
  EnrichmentDegraded: 'Count',
  /** CRM records that break the schema, treated as absent. */
  CrmRecordInvalid: 'Count',

  GuestsCreated: 'Count',
  GuestsReused: 'Count',
  /** Guests that may exist at Genesys without anybody knowing them. */
  GuestsOrphaned: 'Count',
  /** Requests served while the registry could not be reached. */
  RegistryUnavailable: 'Count',

  OAuthRequests: 'Count',
  OAuthFailures: 'Count',
  /** Tokens taken from the table instead of asked of Genesys. */
  OAuthTokensShared: 'Count',
  TokenVaultUnavailable: 'Count',
  SecretInvalid: 'Count',

  GenesysCalls: 'Count',
  GenesysErrors: 'Count',
  GenesysLimited: 'Count',
  /** Genesys' quota of this minute that is used up. */
  GenesysQuotaUsed: 'Percent',
  BreakerOpened: 'Count',

  OverflowSent: 'Count',
  OverflowServed: 'Count',
  OverflowGivenUp: 'Count',
  /** From queueing to the registered guest. */
  OverflowWait: 'Seconds',
} as const;

export type MetricName = keyof typeof metrics;
