/** One call that an embedded service has answered, for the page's durations and for tests. */
export interface ServiceCall {
  readonly service: 'dynamodb' | 'secrets' | 'sqs' | 'genesys';
  readonly operation: string;
  readonly durationMs: number;
}

export type CallListener = (call: ServiceCall) => void;
