/** What the AWS adapters report; the catalogue in `telemetry/log-codes.ts` gives each its level, text and metrics. */
export type AwsEvent =
  /** The secret was read again and has changed. */
  | 'secret_changed'
  /** `fault` (`secret_malformed` or `secret_placeholder`), `field`: never a value. */
  | 'secret_invalid'
  /** `reason`: the secret could not be read, and there is none: requests fail. */
  | 'secret_unavailable'
  /** `reason`: the secret could not be read again; the known one stays in use. */
  | 'secret_stale'
  /** `sessionHash`, `fields` (comma-separated names): the record is treated as absent. */
  | 'crm_record_invalid'
  /** `operation`, `reason`: the tables' common round trip failed or was incomplete. */
  | 'tables_unavailable'
  /** `operation`, `reason`: one call to the registry failed; the use case says what became of the request. */
  | 'registry_call_failed'
  /** `operation`, `reason`: one call to the shared token's entry failed; genesys/ says what became of the request. */
  | 'token_vault_call_failed'
  /** `store` (the name of the event that its failures are reported as), `openMs`: calls are suspended. */
  | 'table_breaker_opened'
  /** `operation`, `reason`: one call to the overflow queue failed. */
  | 'queue_call_failed';
