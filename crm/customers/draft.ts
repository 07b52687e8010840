import type { Candidate, Fault } from './record-check.ts';

/** What a row says, before any of it was checked; texts of CSV are turned into numbers where one is expected. */
export interface Draft {
  sessionId?: unknown;
  sessionHash?: unknown;
  candidate: Candidate;
  /** Faults of single cells that the record's schema cannot see. */
  faults: Fault[] | undefined;
  /** Whether all attributes are known to be texts, numbers or true/false. */
  scalars: boolean;
}

export const addFault = (draft: Draft, field: string, message: string): void => {
  draft.faults ??= [];
  draft.faults.push({ field, message });
};
