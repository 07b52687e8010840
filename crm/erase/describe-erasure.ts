import type { Target } from '../store/target.ts';
import { counted } from '../terminal/terminal.ts';
import type { PlannedSubject, Unfinished } from './journal.ts';
import type { ErasureList } from './read-list.ts';
import type { ReceiptEnd, SubjectReceipt } from './receipt.ts';
import type { Subject } from './subjects.ts';

export interface ErasureScope {
  readonly target: Target;
  readonly tables: { readonly crmTableName: string; readonly guestTableName: string };
  readonly subjects: readonly Subject[];
  readonly list: ErasureList | undefined;
  readonly planned: readonly PlannedSubject[];
  readonly unfinished: readonly Unfinished[];
}

const shownNames = 3;

const describeList = ({ used, unused, rows }: ErasureList): string =>
  `  The list has ${counted(rows, 'row')}, read by ${used.join(', ')}${unused.length > 0 ? `; not used: ${unused.join(', ')}` : ''}.`;

/** The first names of a kind, as they were read: the person who asks sees whether they are those that were meant. */
const firstNames = (subjects: readonly Subject[], kind: Subject['kind']): readonly string[] => {
  const named = subjects.filter((subject) => subject.kind === kind);
  if (named.length === 0) return [];
  const first = named.slice(0, shownNames).map(({ shown }) => JSON.stringify(shown));
  return [`  ${counted(named.length, kind)}: ${first.join(', ')}${named.length > shownNames ? ', …' : ''}`];
};

/** What is about to be erased: in full for the person who is asked, and without names for everything else. */
export const erasureQuestion = ({ target, tables, subjects, list, planned, unfinished }: ErasureScope) => {
  const hashes = new Set(planned.flatMap((subject) => subject.hashes)).size;
  const contacts = new Set(planned.flatMap((subject) => subject.externalIds)).size;
  const known = planned.filter(({ found }) => found).length;
  const where = `${target.isProduction ? 'PRODUCTION: ' : ''}${target.label} (tables ${tables.crmTableName}, ${tables.guestTableName})`;
  const counts = [
    `This erases ${counted(planned.length, 'subject')} for good from ${where}: ${counted(hashes, 'session hash', 'session hashes')}, ${counted(contacts, 'contact')} at Genesys; ${known} of them ${known === 1 ? 'has' : 'have'} a record.`,
    ...(list === undefined ? [] : [describeList(list)]),
    ...unfinished.map(
      ({ startedAt, subjects: left }) =>
        `  ${counted(left.length, 'subject')} of the erasure that was begun ${startedAt} and not finished ${left.length === 1 ? 'is' : 'are'} among them.`,
    ),
  ];
  const names = [...firstNames(subjects, 'customer'), ...firstNames(subjects, 'session')];
  return { summary: counts.join('\n'), full: [...counts, ...names].join('\n') };
};

/** One subject's outcome as lines; no name. */
export const describeSubject = (receipt: SubjectReceipt): readonly string[] => {
  const { number, from, of, outcome, reason, sessions, genesysContacts, remarks } = receipt;
  return [
    `${number}. ${of} (${from}): ${outcome}${reason === undefined ? '' : `. ${reason}`}`,
    ...sessions.map(
      ({ sessionHash, crmRecord, registryEntry, goneAt }) =>
        `  ${sessionHash}  CRM record ${crmRecord}, registry entry ${registryEntry}, gone at ${goneAt}`,
    ),
    ...genesysContacts.map(
      ({ contact, at, reason: why }) =>
        `  Contact at Genesys ${contact} at ${at}${why === undefined ? '' : `: ${why}`}`,
    ),
    ...remarks.map((remark) => `  ${remark}`),
  ];
};

export const describeEnd = (
  { erased, notFound, failed }: ReceiptEnd,
  remarks: readonly string[],
  notReached: readonly string[],
): readonly string[] => [
  `${counted(erased, 'subject')} erased, ${notFound} not found, ${failed} failed.`,
  ...(failed > 0 ? ['Run the command again: it goes on where this one stopped.'] : []),
  ...remarks,
  'Not reached by an erasure:',
  ...notReached.map((text) => `  ${text}`),
];
