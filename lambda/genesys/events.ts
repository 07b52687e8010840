/**
 * What happens between us and Genesys Cloud; the catalogue in `telemetry/log-codes.ts` gives each its level, text and
 * metrics. `endpoint` is one of oauth, guest, guest_token, contact. No field holds upstream text.
 */
export type GenesysEvent =
  /** One attempt succeeded or failed: `endpoint`, `outcome`, `status`, `durationMs`, `correlationId`. */
  | 'genesys_called'
  /** That attempt was a connection failure, a timeout, a 5xx or a malformed response: same fields, `reason`. */
  | 'genesys_failed'
  /** Genesys limits: `endpoint`, `waitMs`, `daily`, `hasRetryAfter` (whether it named the time). */
  | 'genesys_limited'
  /** An attempt is repeated: `endpoint`, `attempt` (the one that failed), `waitMs`. */
  | 'genesys_repeated'
  /** Any other refusal for good: `endpoint`, `status`, `upstreamCode` (published ones only), `correlationId`. */
  | 'genesys_refused'
  /** A 403: `endpoint`, `permissions` (those that the response names, comma-separated), `correlationId`. */
  | 'genesys_permission_missing'
  /** Headers of a response stated the quota: `usedPercent`, `remaining`, `resetSeconds`. */
  | 'genesys_quota'
  /** Five failures in a row: calls to Genesys are suspended for `openMs`. */
  | 'breaker_opened'
  /** A probe succeeded: calls to Genesys are resumed. */
  | 'breaker_closed'
  /** A guest is not created yet: `reason` (told_to_wait, quota, unverified), `waitMs`, `daily`. */
  | 'creation_held'
  /** An unverified session must wait for what is kept for verified ones: `reason` (quota). */
  | 'admission_refused'
  /** The token endpoint is asked. */
  | 'oauth_requested'
  /** An OAuth token could not be obtained: `reason`, `status`. */
  | 'oauth_failed'
  /** The client id and secret were refused, and no newer ones are known: `status`. */
  | 'oauth_credentials_refused'
  /** The secret had been rotated and was read again. */
  | 'oauth_credentials_renewed'
  /** A token that another container obtained was taken from the table. */
  | 'oauth_token_shared'
  /** Genesys responded 401 to our token. */
  | 'oauth_token_refused'
  /** The shared tier cannot be reached: `operation`. */
  | 'token_vault_unavailable'
  /** The customer's contact was created or updated. */
  | 'contact_enriched'
  /** A contact whose customer was erased meanwhile was deleted again. */
  | 'contact_removed'
  /** The contact could not be updated; the agent does without it: `reason`. */
  | 'contact_degraded'
  /** The secret holds no `externalIdKey`: customers cannot be matched. */
  | 'external_id_key_missing'
  /** A guest session token is unreadable (rotated client secret): the guest is minted again. */
  | 'guest_token_unreadable';
