import type { Deadline } from '../guest/ports.ts';

/** A token with less than this left, in milliseconds, is not used any more: whoever asks may replace it. */
export const tokenMarginMs = 60_000;

/** What all containers share of one OAuth token; worth nothing without the client secret. */
export interface SharedTokenEntry {
  readonly token?:
    | {
        readonly sealed: string;
        readonly expiresAtMs: number;
        /** Names the token: taking the lease for its replacement does not change it. */
        readonly version: string;
      }
    | undefined;
  /** Somebody asks the token endpoint until then. */
  readonly leasedUntilMs?: number | undefined;
  /** The token endpoint failed or limited: nobody asks it before. */
  readonly pause?: TokenPause | undefined;
}

export interface TokenPause {
  readonly untilMs: number;
  /** Why: it named a wait, or it failed. */
  readonly reason: 'limited' | 'failing';
  /** Failures in a row of all containers: each doubles the pause. */
  readonly failures: number;
}

/**
 * Where all containers share one OAuth token.
 * Every method throws StoreUnavailableError when the table cannot be reached in time.
 */
export interface SharedTokenStore {
  read(key: string, deadline: Deadline): Promise<SharedTokenEntry>;
  /**
   * Takes the lease for asking the token endpoint. `replacing` is the version of a token that is to be replaced;
   * without it the lease is only given where there is no usable token. `undefined`: somebody else holds it.
   */
  lease(
    key: string,
    replacing: string | undefined,
    deadline: Deadline,
  ): Promise<{ readonly owner: string } | undefined>;
  /** Stores the token and ends the lease; false when the lease was lost. */
  store(
    key: string,
    owner: string,
    token: { readonly sealed: string; readonly expiresAtMs: number },
    deadline: Deadline,
  ): Promise<boolean>;
  /** Ends the lease, with a pause for everybody where there is one. */
  release(key: string, owner: string, pause: TokenPause | undefined, deadline: Deadline): Promise<void>;
  /** Removes the token if it still is that version: Genesys refused it. */
  invalidate(key: string, version: string, deadline: Deadline): Promise<void>;
}
