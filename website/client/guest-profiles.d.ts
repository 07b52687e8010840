/** Guest profiles for Genesys Cloud Web Messaging: the website's side. Guide: docs/website.md. */
export as namespace GuestProfiles;

/** A visitor whose chat may open. Keep it in memory only: the token is a secret, the attributes are personal. */
export interface Guest {
  readonly guestId: string;
  /** Opens the visitor's chat until `expiresAt`. */
  readonly accessToken: string;
  /** UTC, ISO 8601. */
  readonly expiresAt: string;
  /** What the API shows of the customer; of an anonymous visitor, the anonymous values. */
  readonly crmAttributes: Readonly<Record<string, string | number | boolean>>;
  /** `matched`: a customer. `not_found`: anonymous. `no_consent`: the CRM was not read. `degraded`: it could not be read. */
  readonly enrichment: 'matched' | 'not_found' | 'no_consent' | 'degraded';
  /** Where the organisation uses Web Messaging. */
  readonly messaging?: {
    readonly deploymentId: string;
    readonly websocketUrl: string;
    readonly customAttributes: Readonly<Record<string, string>>;
  };
}

/** What the visitor said about the use of their customer record. */
export interface Consent {
  /**
   * Left out: what this page said last; where it said nothing, the field is not sent, and the API counts that as
   * consent unless it runs with `REQUIRE_EXPLICIT_CONSENT`. A refusal is remembered across reloads.
   */
  readonly consentGiven?: boolean | undefined;
  /** How it was given; the API's default is `explicit`. */
  readonly consentType?: 'explicit' | 'implicit' | undefined;
}

export interface InitOptions extends Consent {
  /** Ends this caller's wait; the request itself ends when nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined;
  /** Asks the API even where a fresh guest is at hand, for a new token and guest reference. */
  readonly renew?: boolean | undefined;
}

export interface GuestClientOptions {
  /** URL of the API, such as `https://api.example.com/api/webchat/init`. */
  readonly endpoint: string;
  /**
   * Where the random session id is kept: `local` (default; a customer is recognised next time), `session` (until the
   * tab closes) or `memory`. Falls back to the next one where the browser blocks it.
   */
  readonly storage?: 'local' | 'session' | 'memory';
  /** The website's own session id instead of a random one: hard to guess, at most 256 characters. */
  readonly sessionId?: string;
  /** Nothing leaves the browser before `consentGiven: true`. Default false. */
  readonly requireConsent?: boolean;
  /** Renews the token before it expires while the page is visible. Default false: `init` renews when it is called. */
  readonly keepFresh?: boolean;
  /** Longest one request may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** Longest `init` may take with all its repeats, in milliseconds. Default 120,000. */
  readonly maxWaitMs?: number;
  /**
   * Obtains the value of `X-Session-Signature` from the website's own server, before each request.
   * `undefined` says that nobody is signed in.
   */
  readonly signSession?: (
    sessionId: string,
    signal: AbortSignal,
  ) => string | undefined | Promise<string | undefined>;
  readonly fetch?: typeof fetch;
}

/** For a user interface. */
export type GuestState =
  | { readonly name: 'idle' }
  | { readonly name: 'asking'; readonly attempt: number }
  | {
      readonly name: 'waiting';
      readonly attempt: number;
      readonly reason: GuestErrorCode;
      /** Until the next request; counts down each second. Absent while the browser is offline. */
      readonly secondsLeft?: number;
    }
  | { readonly name: 'ready'; readonly guest: Guest }
  | { readonly name: 'failed'; readonly error: GuestError };

export interface GuestClient {
  readonly state: GuestState;
  /**
   * Obtains the guest: the one at hand while it is fresh, else from the API. Callers and tabs share one request.
   * @throws GuestError; the signal's reason when it was aborted
   */
  init(options?: InitOptions): Promise<Guest>;
  /**
   * Forgets the guest in every tab, remembers the refusal, and states it to the API where the session is known there.
   * @throws GuestError when the API could not be told; call it again
   */
  withdrawConsent(): Promise<void>;
  /** Forgets session, token and attributes in every tab: for shared devices, and after the website's own sign-out. */
  signOut(): void;
  /** Hears the present state at once, then every change. @returns stops listening */
  subscribe(listener: (state: GuestState) => void): () => void;
  /** Stops requests, timers and listeners for good; the session stays. */
  close(): void;
}

/** Codes of the API, then those of the client itself. */
export type GuestErrorCode =
  | 'invalid_json'
  | 'invalid_request'
  | 'invalid_signature'
  | 'origin_not_allowed'
  | 'consent_required'
  | 'method_not_allowed'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'too_many_requests'
  | 'internal_error'
  | 'genesys_rejected'
  | 'genesys_unavailable'
  | 'registration_failed'
  | 'deadline_exceeded'
  /** The registration is queued. */
  | 'queued'
  /** The browser says that it has no network. */
  | 'offline'
  /** No response: server down, wrong host name, blocked by the page's Content-Security-Policy. */
  | 'unreachable'
  /** The server is there, but this page may not read its response: its origin is not in `ALLOWED_ORIGINS`. */
  | 'origin_refused'
  /** Something responds there, but not this API. */
  | 'wrong_endpoint'
  | 'timeout'
  /** A customer is no longer recognised; ask them to sign in again, or `signOut()` and start anonymously. */
  | 'identity_expired'
  /** `signSession` failed. */
  | 'signature_unavailable'
  /** Another call stated another consent meanwhile, or somebody signed out. */
  | 'superseded';

/** Why there is no guest. `message` is plain English without personal data. */
export declare class GuestError extends Error {
  readonly name: 'GuestError';
  readonly code: GuestErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  readonly status: number | undefined;
  /** Names this request in the logs of the API. */
  readonly requestId: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** Which fields broke which rule. */
  readonly errors: readonly { readonly path: string; readonly message: string }[];
}

/** Makes a client. Nothing is sent, stored or listened to before its first call. */
export declare function createGuestClient(options: GuestClientOptions): GuestClient;

/** Genesys Messenger's global function, `window.Genesys`. */
export type Genesys = (
  command: 'command' | 'subscribe',
  name: string,
  // biome-ignore lint/suspicious/noExplicitAny: Messenger's own calls take whatever their name asks for
  ...rest: any[]
) => unknown;

export interface MessengerBridge {
  /** Gives Messenger a new guest reference; for routers of browsers without the Navigation API. */
  refresh(): Promise<void>;
  disconnect(): void;
}

/**
 * Tells stock Genesys Messenger who the visitor is: when it is opened, after each navigation of a single-page
 * application, and for each new conversation, `Database.set` receives a fresh `guestReference`.
 * A failure leaves the conversation anonymous and is told to `onError`.
 */
export declare function connectMessenger(
  genesys: Genesys,
  client: Pick<GuestClient, 'init'>,
  options?: Consent & { readonly onError?: (error: unknown) => void },
): MessengerBridge;
