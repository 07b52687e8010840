import type { DeskConversation, DeskGuest } from './desk.ts';

/** Who somebody is, in the words of the desktop. */
export interface Who {
  readonly name: string;
  readonly mark: 'verified' | 'not verified' | 'not checked' | 'unknown';
  /** Label and value, in the order in which they are shown. */
  readonly facts: readonly (readonly [label: string, value: string])[];
}

const labels: Readonly<Record<string, string>> = {
  crmTier: 'Tier',
  historicalTickets: 'Tickets so far',
};
/** Shown by facts of their own. */
const ownFacts: ReadonlySet<string> = new Set([
  'found',
  'verified',
  'sessionVerified',
  'consentGiven',
  'consentType',
  'enrichment',
  'firstName',
  'email',
  'externalContactId',
  'integrationSource',
]);

const records: Readonly<Record<string, string>> = {
  matched: 'Found in the CRM',
  not_found: 'Nobody that the CRM knows',
  no_consent: 'Not looked at, for lack of consent',
  degraded: 'The CRM could not be read in time',
};
const nameless: Readonly<Record<string, string>> = {
  matched: 'Customer without a first name',
  not_found: 'New visitor',
  no_consent: 'Visitor without consent',
  degraded: 'Visitor',
};

const consentText = (given: boolean, type: string | undefined): string =>
  given ? `Given${type === undefined ? '' : `, ${type}`}` : 'Refused';

const identityText = (verified: boolean): string =>
  verified ? "Verified: the website's own server signed the session" : 'Not verified: treat it as a claim';

const mappedFacts = (
  attributes: Readonly<Record<string, string | number | boolean>>,
): (readonly [string, string])[] =>
  Object.entries(attributes).flatMap(([name, value]) =>
    ownFacts.has(name) ? [] : [[labels[name] ?? name, String(value)] as const],
  );

const source = (value: unknown): (readonly [string, string])[] =>
  value === undefined ? [] : [['Source', String(value)]];

const unknown = (state: DeskConversation['state']): Who => ({
  name: state === 'flow' ? 'Somebody is writing' : 'Unknown visitor',
  mark: 'unknown',
  facts: [
    [
      'Identity',
      state === 'flow'
        ? 'Being looked up'
        : 'Unknown: no valid reference came with the conversation, or it could not be looked up',
    ],
  ],
});

/** Who writes in a conversation; whoever the flow has not found is unknown, whatever else is said. */
export const whoWrites = ({ guest, contact, state }: DeskConversation): Who => {
  if (guest['found'] !== 'true') return unknown(state);
  const { firstName, email, enrichment = '', consentType } = guest;
  const verified = guest['verified'] === 'true';
  return {
    name: firstName ?? nameless[enrichment] ?? 'Visitor',
    mark: verified ? 'verified' : 'not verified',
    facts: [
      ['Identity', identityText(verified)],
      ['Consent', consentText(guest['consentGiven'] === 'true', consentType)],
      ['Record', records[enrichment] ?? enrichment],
      ...(email === undefined ? [] : [['E-mail', email] as const]),
      ...mappedFacts(guest),
      ['Contact', contact === undefined ? 'None' : `${contact.firstName ?? 'Nameless'} (${contact.id})`],
      ...source(guest['integrationSource']),
    ],
  };
};

/** Who a guest of `webchat-v1` is, by its own attributes. */
export const whoIsGuest = ({ name, email, consentGiven, consentType, attributes }: DeskGuest): Who => {
  const { sessionVerified } = attributes;
  return {
    name,
    mark: sessionVerified === true ? 'verified' : sessionVerified === false ? 'not verified' : 'not checked',
    facts: [
      [
        'Identity',
        sessionVerified === undefined
          ? 'Sessions are not verified here'
          : identityText(sessionVerified === true),
      ],
      ['Consent', consentText(consentGiven, consentType)],
      ['E-mail', email],
      ...mappedFacts(attributes),
      ...source(attributes['integrationSource']),
    ],
  };
};
