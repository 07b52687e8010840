/** One HTTP request as it goes on the wire. */
export interface TransportRequest {
  readonly method: 'POST' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface TransportResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The parsed JSON; undefined where the body is something else. */
  readonly body: unknown;
}

/**
 * Sends one request, once. Any status is an answer; aborts with the signal.
 * @throws TransportError when there is no answer
 */
export type Transport = (request: TransportRequest, signal: AbortSignal) => Promise<TransportResponse>;

/**
 * There is no answer. Deliberately keeps only a code: what HTTP clients attach to their errors holds headers,
 * bodies and host names.
 */
export class TransportError extends Error {
  override readonly name = 'TransportError';

  constructor(
    /** `unsent`: certainly not received. `lost`: perhaps received. `malformed`: received, the answer is garbage. */
    readonly kind: 'unsent' | 'lost' | 'malformed',
    /** Such as ECONNREFUSED. */
    readonly code: string | undefined,
  ) {
    super(`no answer (${kind}${code === undefined ? '' : `, ${code}`})`);
  }
}
