import type { Deadline } from '../guest/ports.ts';

/** The shared token as the table holds it: worth nothing without the client secret. */
export interface SealedToken {
  readonly sealed: string;
  readonly expiresAtMs: number;
  /** Changes with every write. */
  readonly version: string;
}

/**
 * Where all containers share one OAuth token.
 * Every method throws StoreUnavailableError when the table cannot be reached in time.
 */
export interface SharedTokenStore {
  /** The entry, by a read that came with the tables' round trip where there was one just now. */
  read(key: string, deadline: Deadline): Promise<SealedToken | undefined>;
  /**
   * Takes the short lease for asking Genesys. `renewing` names the version that is to be renewed or replaced;
   * without it the lease is only given where there is no live token. `undefined`: somebody else holds it.
   */
  lease(
    key: string,
    renewing: string | undefined,
    deadline: Deadline,
  ): Promise<{ readonly owner: string; readonly untilMs: number } | undefined>;
  /** Stores the token and ends the lease; false when the lease was lost. */
  store(
    key: string,
    owner: string,
    token: { readonly sealed: string; readonly expiresAtMs: number },
    deadline: Deadline,
  ): Promise<boolean>;
  /** Ends the lease. */
  release(key: string, owner: string, deadline: Deadline): Promise<void>;
  /** Removes the token if it still is that version: Genesys refused it. */
  invalidate(key: string, version: string, deadline: Deadline): Promise<void>;
}
