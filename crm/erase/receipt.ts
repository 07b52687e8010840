import { appendFileSync, closeSync, openSync } from 'node:fs';
import { codeOf, UserError } from '../terminal/problem.ts';

export type Erased = 'deleted' | 'absent';

/** What was erased under one session hash. */
export interface SessionReceipt {
  readonly sessionHash: string;
  readonly crmRecord: Erased;
  readonly registryEntry: Erased;
  /** ISO 8601: at that time, after the watch, a consistent read found the hash in neither table. */
  readonly goneAt: string;
}

/** What became of a customer's contact at Genesys. Holds no id of the customer. */
export interface ContactReceipt {
  readonly contact: Erased | 'failed';
  /** Digest of the customer's id, as Genesys knows it. */
  readonly externalId: string;
  readonly at: string;
  /** Why it failed; a sentence of this tool, never text of Genesys. */
  readonly reason?: string;
}

/** What became of one subject. Holds no personal data: where it was named, and hashes. */
export interface SubjectReceipt {
  readonly kind: 'subject';
  readonly number: number;
  /** Such as "line 7" of the list, or "--crm-id". */
  readonly from: string;
  readonly of: 'session' | 'customer';
  readonly outcome: 'erased' | 'not found' | 'failed';
  readonly reason?: string;
  readonly sessions: readonly SessionReceipt[];
  readonly genesysContacts: readonly ContactReceipt[];
  readonly remarks: readonly string[];
}

/** First line of a receipt: what was asked, and what an erasure does not reach. */
export interface ReceiptHead {
  readonly kind: 'erasure-receipt';
  readonly startedAt: string;
  readonly environment: string | undefined;
  readonly crmTable: string;
  readonly registryTable: string;
  readonly provider: string | undefined;
  readonly subjects: number;
  readonly remarks: readonly string[];
  readonly notReached: readonly string[];
}

/** Last line of a receipt that is complete. */
export interface ReceiptEnd {
  readonly kind: 'end';
  readonly finishedAt: string;
  readonly erased: number;
  readonly notFound: number;
  readonly failed: number;
}

export type ReceiptLine = ReceiptHead | SubjectReceipt | ReceiptEnd;

/** What an erasure does not reach, and when it ends by itself. */
export const notReached: readonly string[] = [
  'Point-in-time backups of the tables keep what was deleted for 35 days; a restore brings it back: erase again after one.',
  'Files of this person outside the tables: exports, files of rejects, shards and S3 objects of "import --plan s3", older tables that such an import replaced. Delete them where they are.',
  'Registry entries of sessions whose CRM record was gone already: they hold no personal data and end by themselves, a day after the visit unless the function is configured otherwise.',
  'Chat transcripts and conversations at Genesys: its own retention applies.',
];

/** Writes a receipt line by line, each of them as it happens; one that is there already is added to. */
export class ReceiptFile {
  private constructor(private readonly descriptor: number) {}

  /** @throws UserError when it cannot be written: nothing was deleted yet */
  static open(path: string): ReceiptFile {
    try {
      return new ReceiptFile(openSync(path, 'a', 0o600));
    } catch (error) {
      throw new UserError(
        `The receipt ${path} cannot be written (${codeOf(error) ?? 'unknown'}): nothing was erased. Name another --receipt.`,
      );
    }
  }

  add(line: ReceiptLine): void {
    appendFileSync(this.descriptor, `${JSON.stringify(line)}\n`);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
