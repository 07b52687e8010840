export type Erased = 'deleted' | 'absent';

/** What was erased for one session. */
export interface SessionReceipt {
  readonly sessionHash: string;
  readonly crmRecord: Erased;
  readonly registryEntry: Erased;
  /** ISO 8601: since then neither table holds the session. */
  readonly goneAt: string;
}

/** What became of a customer's contact at Genesys. Holds no id of the customer. */
export interface ContactReceipt {
  readonly contact: Erased | 'failed';
  readonly at: string;
  /** Why it failed; a sentence of ours, never text of Genesys. */
  readonly reason?: string;
}

/** Evidence of an erasure that itself holds no personal data. */
export interface Receipt {
  readonly kind: 'erasure-receipt';
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly environment: string | undefined;
  readonly crmTable: string;
  readonly registryTable: string;
  readonly provider: string | undefined;
  readonly sessions: readonly SessionReceipt[];
  readonly genesysContacts: readonly ContactReceipt[];
  readonly remarks: readonly string[];
}
