/** What the edge of the queue reports; the catalogue in `telemetry/log-codes.ts` gives each its level, text and metrics. */
export type SqsEvent =
  /** `ageSeconds`: how long a registration has waited when its message is delivered. */
  | 'registration_delivered'
  /** `messageId`: a message that is not a registration; SQS moves it to the dead-letter queue. */
  | 'message_poisoned'
  /** `messageId`, `name`: a registration failed unexpectedly and is delivered again. */
  | 'message_failed'
  /** `messageId`: the message comes back after the queue's own visibility timeout. */
  | 'visibility_unchanged';
