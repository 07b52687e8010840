import type { AttributeValue as Attribute } from '@aws-sdk/client-dynamodb';
import { itemFromRecord } from '../lambda/aws/crm-item.ts';
import type { CrmRecord } from '../lambda/guest/crm-record.ts';
import { hashSession } from '../lambda/guest/session-hash.ts';

/** A session to try the API with. */
export interface DemoVisitor {
  readonly sessionId: string;
  /** What it shows, for the overview and the page. */
  readonly shows: string;
  readonly consentGiven: boolean;
}

interface Seed extends DemoVisitor {
  /** Its CRM record; an invalid one is written as it is. */
  readonly record?: CrmRecord;
  readonly item?: Readonly<Record<string, Attribute>>;
}

const jane: CrmRecord = {
  email: 'jane.doe@shop.example',
  firstName: 'Jane',
  tier: 'Enterprise',
  previousTickets: 12,
  crmId: 'C-1001',
  updatedAt: '2026-01-15T09:00:00Z',
};

const seeds: readonly Seed[] = [
  {
    sessionId: 'demo-jane',
    shows: 'a known customer: first name, tier and ticket history come back',
    consentGiven: true,
    record: jane,
  },
  {
    sessionId: 'demo-nameless',
    shows: 'a customer without a first name: Genesys is told "Anonymous Visitor"',
    consentGiven: true,
    record: { email: 'purchasing@shop.example', tier: 'Pro', previousTickets: 3, crmId: 'C-1002' },
  },
  {
    sessionId: 'demo-attributes',
    shows: 'a customer with attributes of the CRM team: language and vip go to Genesys with their types',
    consentGiven: true,
    record: {
      email: 'amelie@shop.example',
      firstName: 'Amélie',
      tier: 'Starter',
      previousTickets: 0,
      crmId: 'C-1003',
      attributes: { language: 'fr', vip: true, seats: 25 },
    },
  },
  {
    sessionId: 'demo-unknown',
    shows: 'nobody that the CRM knows: an anonymous profile',
    consentGiven: true,
  },
  {
    sessionId: 'demo-no-consent',
    shows: 'a known customer who declines: the CRM is not read at all',
    consentGiven: false,
    record: { ...jane, email: 'declined@shop.example', firstName: 'Dora', crmId: 'C-1004' },
  },
  {
    sessionId: 'demo-expired',
    shows: 'a record whose time has run out: as if there were none',
    consentGiven: true,
    record: { ...jane, firstName: 'Eddie', crmId: 'C-1005', expiresAt: 1_700_000_000 },
  },
  {
    sessionId: 'demo-broken',
    shows: 'a record that breaks the schema: as if there were none, with a line in the log',
    consentGiven: true,
    item: { email: { S: 'not an address' }, previousTickets: { S: 'twelve' } },
  },
];

/** The attributes that the local stack maps beyond the defaults, so that the demonstration has something to show. */
export const demoAttributeMap = {
  crmTier: 'tier',
  historicalTickets: 'previousTickets',
  preferredLanguage: 'language',
  vip: 'vip',
} as const;
/** Types of mapped attributes that are not text, for the data actions. */
export const demoAttributeTypes = { vip: 'boolean' } as const;
export const demoExposedAttributes = 'firstName,tier,previousTickets,language';

export const demoVisitors: readonly DemoVisitor[] = seeds.map(({ sessionId, shows, consentGiven }) => ({
  sessionId,
  shows,
  consentGiven,
}));

/** The items of the CRM table that go with them. */
export const demoItems = (): Record<string, Attribute>[] =>
  seeds.flatMap(({ sessionId, record, item }) => {
    const [sessionHash] = hashSession(sessionId, []);
    if (record !== undefined) return [itemFromRecord(sessionHash, record)];
    return item === undefined ? [] : [{ sessionHash: { S: sessionHash }, ...item }];
  });
