import { sentenceFor } from '../terminal/sentences.ts';
import { type EraseOptions, eraseSession } from './erase-session.ts';
import type { ContactEraser } from './genesys-contact.ts';
import type { PlannedSubject } from './journal.ts';
import type { ContactReceipt, SessionReceipt, SubjectReceipt } from './receipt.ts';

/** The eraser of contacts, or why there is none. */
export type Contacts = ContactEraser | { readonly missing: string };

const eraseContacts = async (
  externalIds: readonly string[],
  contacts: Contacts,
): Promise<readonly ContactReceipt[]> => {
  if (!('missing' in contacts)) return await Promise.all(externalIds.map((id) => contacts.erase(id)));
  return externalIds.map((externalId) => ({
    contact: 'failed',
    externalId,
    at: new Date().toISOString(),
    reason: contacts.missing,
  }));
};

const isDeleted = ({ crmRecord, registryEntry }: SessionReceipt): boolean =>
  crmRecord === 'deleted' || registryEntry === 'deleted';

/**
 * Erases one subject: its sessions from both tables, then its contacts at Genesys, which a registration under way could
 * bring back. What fails is part of the receipt; it never keeps other subjects from being erased.
 */
export const eraseSubject = async (
  { number, from, of, hashes, externalIds, found, remarks }: PlannedSubject,
  options: EraseOptions,
  contacts: Contacts,
): Promise<SubjectReceipt> => {
  const sessions: SessionReceipt[] = [];
  const reasons: string[] = [];
  await Promise.all(
    hashes.map(async (hash) => {
      try {
        sessions.push(await eraseSession(hash, options));
      } catch (error) {
        reasons.push(sentenceFor(error));
      }
    }),
  );
  // Where a table could not be erased, the contact stays, too: it is found again by the next run.
  const genesysContacts = reasons.length > 0 ? [] : await eraseContacts(externalIds, contacts);
  for (const { contact, reason } of genesysContacts) {
    if (contact === 'failed') reasons.push(`Contact at Genesys: ${reason ?? 'not erased'}`);
  }
  const anything =
    found || sessions.some(isDeleted) || genesysContacts.some((one) => one.contact === 'deleted');
  return {
    kind: 'subject',
    number,
    from,
    of,
    outcome: reasons.length > 0 ? 'failed' : anything ? 'erased' : 'not found',
    ...(reasons.length > 0 && { reason: [...new Set(reasons)].join(' ') }),
    sessions,
    genesysContacts,
    remarks,
  };
};
