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
  /** Responses 200. */
  Issued: 'Count',
  /** Responses 202. */
  Queued: 'Count',
  /** Responses 4xx: the caller's mistake. */
  Refused: 'Count',
  /** Responses 5xx. */
  Failed: 'Count',
  /** From the start of the handler to the response; refused requests, which take no time, are left out. */
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
  /** Tokens taken from the table instead of obtained from Genesys. */
  OAuthTokensShared: 'Count',
  TokenVaultUnavailable: 'Count',
  SecretInvalid: 'Count',
  /** Times that the secret could not be read again; the known one stays in use. */
  SecretStale: 'Count',
  /** Calls to the tables that failed, or brought not all that they should. */
  TableErrors: 'Count',

  /** Message flows that were given a visitor. */
  Resolved: 'Count',
  /** Message flows that asked for a visitor who is not known. */
  ResolveUnknown: 'Count',
  ResolveFailed: 'Count',
  ResolveDuration: 'Milliseconds',
  /** Guest references presented by another conversation than their own. */
  ReferencesReused: 'Count',
  /** Contacts that could not be created or updated. */
  ContactsDegraded: 'Count',

  GenesysCalls: 'Count',
  GenesysErrors: 'Count',
  GenesysLimited: 'Count',
  /** Genesys' quota of this minute that is used up. */
  GenesysQuotaUsed: 'Percent',
  BreakerOpened: 'Count',

  /** Unverified sessions that had to wait for what is kept for verified ones. */
  AdmissionRefused: 'Count',

  OverflowSent: 'Count',
  /** Calls to the overflow queue that failed. */
  QueueErrors: 'Count',
  OverflowServed: 'Count',
  OverflowGivenUp: 'Count',
  /** How long a registration has waited when the worker receives its message, each time. */
  OverflowAge: 'Seconds',
  /** From queueing to the registered guest. */
  OverflowWait: 'Seconds',
} as const;

export type MetricName = keyof typeof metrics;
