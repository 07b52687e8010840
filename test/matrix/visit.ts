import type { Item } from '../../lambda/aws/guest-item.ts';
import { sessionKey } from '../support/session-key.ts';
import type { Lane } from './lane.ts';

/** A visitor of whom the CRM knows. All texts are found nowhere else. */
export interface Visit {
  readonly sessionId: string;
  readonly hash: string;
  readonly email: string;
  readonly firstName: string;
  readonly crmId: string;
  /** Of the conversation that an agent is asked into. */
  reference?: string;
  /** What was issued and must not be written anywhere. */
  readonly tokens: string[];
}

let visits = 0;

/** A new visitor, known to the CRM. */
export const newVisit = async (lane: Lane): Promise<Visit> => {
  const number = ++visits;
  const sessionId = `raw-session-${number}-of-the-matrix`;
  const visit = {
    sessionId,
    hash: sessionKey(sessionId),
    email: `person-${number}@matrix.example`,
    firstName: `Firstname${number}ofmatrix`,
    crmId: `customer-${number}-of-the-matrix`,
    tokens: [],
  };
  const { email, firstName, crmId } = visit;
  await lane.stack.seed(sessionId, { email, firstName, tier: 'Enterprise', previousTickets: 12, crmId });
  return visit;
};

/** What is written about a visit in the registry. */
export const entryOf = async (lane: Lane, { hash }: Visit): Promise<Item | undefined> =>
  (await lane.items()).find(({ sessionHash }) => sessionHash?.S === hash);

/** The guests of a visit at Genesys, by the profile that they were registered with. */
export const guestsOf = (
  { stack }: Lane,
  { email, hash }: Visit,
): Readonly<Record<'known' | 'anonymous', number>> => {
  const emails = [...stack.genesys.guests.values()].map((guest) => guest.email);
  const count = (text: string) => emails.filter((each) => each === text).length;
  return { known: count(email), anonymous: count(`visitor_${hash.slice(0, 8)}@temp.com`) };
};

export const contactsOf = ({ stack }: Lane, { email }: Visit): number =>
  [...stack.genesys.contacts.values()].filter((contact) => JSON.stringify(contact).includes(email)).length;
