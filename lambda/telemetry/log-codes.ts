import type { AwsEvent } from '../aws/events.ts';
import type { DataActionEvent } from '../data-action/resolve-handler.ts';
import type { GenesysEvent } from '../genesys/events.ts';
import type { GuestEvent } from '../guest/events.ts';
import type { HttpEvent } from '../http/handler.ts';
import type { SqsEvent } from '../sqs/events.ts';
import type { MetricName } from './metric-names.ts';

/** Everything that can happen, by its log code. */
export type LogCode =
  | GuestEvent
  | GenesysEvent
  | AwsEvent
  | HttpEvent
  | SqsEvent
  | DataActionEvent
  | 'invalid_configuration';

interface Definition {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** What it means to an operator. */
  readonly message: string;
  /** Counted by one, or measured by a field of the event. */
  readonly metrics?: readonly (MetricName | readonly [name: MetricName, field: string])[];
}

const duration = ['InitDuration', 'durationMs'] as const;

/** The catalogue of log codes: the only place where levels, texts and metrics are given. */
export const catalogue: Readonly<Record<LogCode, Definition>> = {
  cold_start: { level: 'info', message: 'The container has started.', metrics: ['ColdStart'] },
  invalid_configuration: {
    level: 'error',
    message: 'The configuration is invalid; the function cannot start.',
  },

  request_issued: {
    level: 'info',
    message: 'The visitor was issued a guest and a token.',
    metrics: ['Issued', duration],
  },
  request_queued: {
    level: 'info',
    message: 'The registration waits in the queue.',
    metrics: ['Queued', duration],
  },
  request_refused: {
    level: 'info',
    message: "The request was refused: it is the caller's mistake.",
    metrics: ['Refused'],
  },
  request_failed: { level: 'error', message: 'The request failed.', metrics: ['Failed', duration] },
  unexpected_error: { level: 'error', message: 'A defect in this service, or a secret that cannot be used.' },

  signature_refused: { level: 'info', message: 'The signature of a session was refused.' },
  signing_keys_missing: {
    level: 'error',
    message: 'Signed sessions need sessionSigningKeys, and the secret has none.',
    metrics: ['SecretInvalid'],
  },

  enrichment_matched: {
    level: 'debug',
    message: 'The CRM knows the visitor.',
    metrics: ['EnrichmentMatched'],
  },
  enrichment_not_found: {
    level: 'debug',
    message: 'The CRM does not know the visitor.',
    metrics: ['EnrichmentNotFound'],
  },
  enrichment_no_consent: {
    level: 'debug',
    message: 'The CRM was not read: no consent.',
    metrics: ['EnrichmentNoConsent'],
  },
  enrichment_degraded: {
    level: 'warn',
    message: 'The chat opens without CRM data, which could not be used in time.',
    metrics: ['EnrichmentDegraded'],
  },

  guest_created: { level: 'info', message: 'A guest was registered.', metrics: ['GuestsCreated'] },
  guest_reused: { level: 'debug', message: "The session's guest was used again.", metrics: ['GuestsReused'] },
  guest_orphaned: {
    level: 'warn',
    message: 'A guest may exist at Genesys that nobody knows.',
    metrics: ['GuestsOrphaned'],
  },
  guest_unknown: {
    level: 'warn',
    message: 'Genesys does not know the remembered guest; it is registered again.',
  },
  registry_unavailable: {
    level: 'warn',
    message: 'The registry could not be reached: one guest per session holds within this container only.',
    metrics: ['RegistryUnavailable'],
  },
  registration_queued: {
    level: 'info',
    message: 'A registration was sent to the queue.',
    metrics: ['OverflowSent'],
  },
  admission_refused: {
    level: 'info',
    message: 'An unverified session has to wait: the rest is kept for verified ones.',
    metrics: ['AdmissionRefused'],
  },
  queue_unavailable: { level: 'error', message: 'The overflow queue could not be reached.' },
  registration_served: {
    level: 'info',
    message: 'A queued registration was served.',
    metrics: ['OverflowServed', ['OverflowWait', 'waitedSeconds']],
  },
  registration_postponed: { level: 'info', message: 'A queued registration comes back later.' },
  registration_given_up: {
    level: 'error',
    message: 'A queued registration was given up; the website learns of it when it repeats its request.',
    metrics: ['OverflowGivenUp'],
  },
  registration_dropped: {
    level: 'warn',
    message: "The response to a queued registration was lost; the visitor's next request starts again.",
  },
  registration_delivered: {
    level: 'debug',
    message: 'A queued registration was delivered to the worker.',
    metrics: [['OverflowAge', 'ageSeconds']],
  },
  message_poisoned: {
    level: 'error',
    message: 'A message in the queue is malformed; it goes to the dead-letter queue.',
  },
  message_failed: {
    level: 'error',
    message: 'A queued registration failed unexpectedly and is delivered again.',
  },
  visibility_unchanged: {
    level: 'warn',
    message: "A message comes back after the queue's own visibility timeout.",
  },

  resolve_completed: {
    level: 'debug',
    message: 'A message flow was answered.',
    metrics: [['ResolveDuration', 'durationMs']],
  },
  resolve_failed: {
    level: 'error',
    message: 'A message flow could not be answered; it takes its failure path.',
    metrics: ['ResolveFailed', ['ResolveDuration', 'durationMs']],
  },
  visitor_resolved: {
    level: 'info',
    message: 'A message flow was given the visitor.',
    metrics: ['Resolved'],
  },
  visitor_unknown: {
    level: 'info',
    message: 'A message flow asked for a visitor who is not known, or not any more.',
    metrics: ['ResolveUnknown'],
  },
  reference_reused: {
    level: 'warn',
    message: 'A guest reference was presented by another conversation than its own.',
    metrics: ['ReferencesReused'],
  },

  secret_changed: { level: 'info', message: 'The secret was rotated; the new one is in use.' },
  secret_invalid: {
    level: 'error',
    message: 'The secret is malformed or still a placeholder; fill it in.',
    metrics: ['SecretInvalid'],
  },
  secret_unavailable: {
    level: 'error',
    message: 'The secret could not be read; requests fail.',
    metrics: ['SecretInvalid'],
  },
  secret_stale: {
    level: 'warn',
    message: 'The secret could not be read again; the known one stays in use.',
    metrics: ['SecretStale'],
  },
  crm_record_invalid: {
    level: 'warn',
    message: 'A CRM record breaks the schema and counts as absent.',
    metrics: ['CrmRecordInvalid'],
  },
  tables_unavailable: {
    level: 'warn',
    message: 'The tables could not be read in time.',
    metrics: ['TableErrors'],
  },
  registry_call_failed: {
    level: 'warn',
    message: 'A call to the registry failed.',
    metrics: ['TableErrors'],
  },
  token_vault_call_failed: {
    level: 'warn',
    message: 'A call to the entry of the shared OAuth token failed.',
    metrics: ['TableErrors'],
  },
  token_vault_unavailable: {
    level: 'warn',
    message: 'The shared OAuth token could not be reached; this container asks Genesys itself.',
    metrics: ['TokenVaultUnavailable'],
  },
  table_breaker_opened: {
    level: 'error',
    message: 'A table failed repeatedly; calls to it are suspended for some seconds.',
    metrics: ['BreakerOpened'],
  },
  queue_call_failed: {
    level: 'warn',
    message: 'A call to the overflow queue failed.',
    metrics: ['QueueErrors'],
  },

  genesys_called: { level: 'debug', message: 'Genesys was called.', metrics: ['GenesysCalls'] },
  genesys_failed: { level: 'warn', message: 'A call to Genesys failed.', metrics: ['GenesysErrors'] },
  genesys_limited: {
    level: 'warn',
    message: 'Genesys is limiting our requests.',
    metrics: ['GenesysLimited'],
  },
  genesys_repeated: { level: 'info', message: 'A call to Genesys is repeated.' },
  genesys_refused: {
    level: 'error',
    message: 'Genesys refused a request for good.',
    metrics: ['GenesysErrors'],
  },
  genesys_permission_missing: {
    level: 'error',
    message: 'The OAuth client lacks a scope or permission; grant it in Genesys Cloud.',
    metrics: ['GenesysErrors'],
  },
  genesys_quota: {
    level: 'debug',
    message: 'Genesys stated how much of the quota is used.',
    metrics: [['GenesysQuotaUsed', 'usedPercent']],
  },
  breaker_opened: {
    level: 'error',
    message: 'Genesys failed five times in a row; calls are suspended for ten seconds.',
    metrics: ['BreakerOpened'],
  },
  breaker_closed: { level: 'info', message: 'Genesys responds again; calls are resumed.' },
  creation_held: {
    level: 'info',
    message: 'A guest is not created yet: Genesys asked to wait, or its quota is nearly used up.',
  },
  oauth_requested: {
    level: 'info',
    message: 'An OAuth token is being obtained.',
    metrics: ['OAuthRequests'],
  },
  oauth_failed: {
    level: 'error',
    message: 'An OAuth token could not be obtained.',
    metrics: ['OAuthFailures'],
  },
  oauth_credentials_refused: {
    level: 'error',
    message: 'Genesys refused the client id and secret; check the secret.',
    metrics: ['OAuthFailures'],
  },
  oauth_credentials_renewed: {
    level: 'info',
    message: 'Genesys refused the old client secret; the rotated one is in use.',
  },
  oauth_token_shared: {
    level: 'info',
    message: 'An OAuth token was taken from the table.',
    metrics: ['OAuthTokensShared'],
  },
  oauth_token_refused: {
    level: 'warn',
    message: 'Genesys refused an OAuth token before its end; another is obtained.',
  },
  contact_enriched: { level: 'debug', message: "The customer's contact was created or updated." },
  contact_removed: {
    level: 'warn',
    message: 'A contact whose customer was erased meanwhile was deleted again.',
  },
  contact_degraded: {
    level: 'warn',
    message: 'The contact could not be updated; the agent does without it.',
    metrics: ['ContactsDegraded'],
  },
  external_id_key_missing: {
    level: 'error',
    message: 'The secret has no externalIdKey: customers cannot be matched to contacts.',
  },
  guest_token_unreadable: {
    level: 'info',
    message: 'A remembered guest token cannot be read any more; it is minted again.',
  },
};
