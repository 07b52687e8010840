/** A call as a front sees it. */
export interface WireCall {
  /** Of AWS, the operation; of Genesys, the endpoint. */
  readonly operation: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** What becomes of a connection or of a call. All but the first four kinds do the work before they spoil its answer. */
export type Treatment =
  /** Nobody listens. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'expired-certificate' }
  /** The connection breaks before the call has had any effect. */
  | { readonly kind: 'reset-before' }
  /** Nothing happens, and nothing is answered. */
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset-after' }
  /** The answer comes, a byte at a time. */
  | { readonly kind: 'slow-drip' }
  /** No JSON. */
  | { readonly kind: 'garbage' }
  /** The connection ends in the middle of the body. */
  | { readonly kind: 'truncated' }
  /** The answer, followed by megabytes of blanks. */
  | { readonly kind: 'oversized' }
  /** The answer, said to be HTML. */
  | { readonly kind: 'wrong-content-type' }
  /** Another answer, without the work; `undefined` lets the call pass. */
  | { readonly kind: 'answer'; readonly answer: (call: WireCall) => WireAnswer | undefined }
  /** The work, and its answer changed. */
  | { readonly kind: 'change'; readonly change: (call: WireCall, body: string) => string };

/** A fault in front of a service. */
export interface WireFault {
  readonly matches: (call: WireCall) => boolean;
  readonly treatment: Treatment;
  /** A fault of the connection begins when the answer to such a call has been sent; without it, at once. */
  readonly beginsAfter?: ((call: WireCall) => boolean) | undefined;
}
