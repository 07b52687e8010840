import type { Profile } from '../../lambda/guest/profile.ts';
import type { SessionHashKey } from '../../lambda/guest/session-hash.ts';
import { counted, grouped } from '../terminal/terminal.ts';
import { inParallel } from './in-parallel.ts';
import type { PlannedSubject } from './journal.ts';
import type { Subject } from './subjects.ts';
import {
  type EraseTables,
  entriesByDigest,
  type RecordTraits,
  readTraits,
  type Survey,
  surveyTable,
} from './survey.ts';

export interface PlanOptions extends EraseTables {
  /** Keys in use, newest first; undefined where the target has no secret. */
  readonly keys: readonly SessionHashKey[] | undefined;
  /** Digests of a profile that the registry keeps. */
  readonly digestsOf: (profile: Profile) => readonly string[];
  /** The customer's id as Genesys knows it; undefined where there are no contacts. */
  readonly externalIdOf: ((crmId: string) => string) | undefined;
}

/** Everything that has to be known before the first deletion. */
export interface Plan {
  readonly subjects: readonly PlannedSubject[];
  readonly remarks: readonly string[];
}

// Enough to notice a key that was retired, without reading a table of hundreds of millions for one session.
const mostSurveyed = 1_000_000;
const readsAtOnce = 32;

const retiredRemarks = ({ retired, complete }: Survey): readonly string[] => {
  const named = [...retired].map(([key, count]) => `${grouped(count)} under ${key}`).join(', ');
  return retired.size === 0
    ? []
    : [
        `The CRM table holds records under hash keys that are not in use (${complete ? '' : 'at least '}${named}): whether one of them belongs to an erased session, nobody can compute. "purge --key-id <id>" removes them.`,
      ];
};

const unique = (hashes: readonly string[]): readonly string[] => [...new Set(hashes)];

/**
 * Finds everything that belongs to the subjects: records under every key, registrations under the other key, contacts.
 * Nothing is changed.
 */
export const planErasure = async (subjects: readonly Subject[], options: PlanOptions): Promise<Plan> => {
  const { keys, digestsOf, externalIdOf } = options;
  const named = unique(subjects.flatMap(({ hashes }) => hashes));
  const traits = new Map<string, RecordTraits>();
  const learn = async (hashes: readonly string[]): Promise<void> => {
    await inParallel(hashes, readsAtOnce, async (hash) => {
      traits.set(hash, await readTraits(options, hash, digestsOf));
    });
  };
  await learn(named);

  const crmIds = new Set(subjects.flatMap((subject) => subject.crmIds));
  const ofSessions = [...traits.values()].flatMap(({ crmId }) => crmId ?? []);
  const needsAll = crmIds.size > 0 || (externalIdOf !== undefined && ofSessions.length > 0);
  const survey = await surveyTable(
    options,
    new Set([...crmIds, ...(externalIdOf === undefined ? [] : ofSessions)]),
    keys,
    needsAll ? undefined : keys === undefined ? 0 : mostSurveyed,
  );
  const hashesOf = (subject: Subject): readonly string[] =>
    unique([...subject.hashes, ...subject.crmIds.flatMap((id) => survey.byCustomer.get(id) ?? [])]);
  const erased = new Set(subjects.flatMap(hashesOf));
  await learn([...erased].filter((hash) => !traits.has(hash)));

  const digests = new Set([...erased].flatMap((hash) => traits.get(hash)?.digests ?? []));
  const registered = (keys ?? []).length > 1 ? await entriesByDigest(options, digests) : new Map();

  const plan = (subject: Subject, index: number): PlannedSubject => {
    const hashes = hashesOf(subject);
    const own = hashes.flatMap((hash) =>
      (traits.get(hash)?.digests ?? []).flatMap((digest) => registered.get(digest) ?? []),
    );
    const { externalIds, remarks } = contactsOf(subject, hashes);
    return {
      number: index + 1,
      from: subject.from,
      of: subject.kind,
      hashes: unique([...hashes, ...own]),
      externalIds,
      found: hashes.some((hash) => traits.get(hash)?.exists === true),
      remarks,
    };
  };

  /** A customer's contact goes with the last session; the contact of an erased session that others need stays. */
  const contactsOf = (subject: Subject, hashes: readonly string[]) => {
    if (externalIdOf === undefined) return { externalIds: [], remarks: [] };
    if (subject.kind === 'customer') return { externalIds: subject.crmIds.map(externalIdOf), remarks: [] };
    const owners = unique(hashes.flatMap((hash) => traits.get(hash)?.crmId ?? []));
    const othersOf = (crmId: string): number =>
      (survey.byCustomer.get(crmId) ?? []).filter((hash) => !erased.has(hash)).length;
    const kept = owners.filter((crmId) => othersOf(crmId) > 0);
    return {
      externalIds: owners.filter((crmId) => !kept.includes(crmId)).map(externalIdOf),
      remarks: kept.map(
        (crmId) =>
          `The contact at Genesys was kept: ${counted(othersOf(crmId), 'other session')} of this customer ${othersOf(crmId) === 1 ? 'needs' : 'need'} it. --crm-id erases the customer.`,
      ),
    };
  };

  return { subjects: subjects.map(plan), remarks: retiredRemarks(survey) };
};
