import { describe, expect, it } from '@jest/globals';
import type { DeskConversation, DeskGuest } from '../../website/agent/desk.ts';
import { whoIsGuest, whoWrites } from '../../website/agent/who.ts';

const conversation = (
  guest: DeskConversation['guest'],
  more: Partial<DeskConversation> = {},
): DeskConversation => ({
  id: 'c',
  state: 'queue',
  guest,
  messages: [],
  ...more,
});
const known = { found: 'true', verified: 'false', consentGiven: 'true', enrichment: 'matched' };

describe('whoever writes', () => {
  it('is unknown without a find, whatever else the participant data says', () => {
    for (const found of ['false', '', 'TRUE']) {
      const { name, mark, facts } = whoWrites(
        conversation({ found, verified: 'true', firstName: 'Mallory', email: 'm@shop.example' }),
      );
      expect([name, mark]).toEqual(['Unknown visitor', 'unknown']);
      expect(facts.map(([label]) => label)).toEqual(['Identity']);
    }
  });

  it('is being looked up while the flow runs', () => {
    expect(whoWrites(conversation({}, { state: 'flow' }))).toMatchObject({
      name: 'Somebody is writing',
      facts: [['Identity', 'Being looked up']],
    });
  });

  it.each([
    [{ enrichment: 'matched', firstName: 'Jane' }, 'Jane'],
    [{ enrichment: 'matched' }, 'Customer without a first name'],
    [{ enrichment: 'not_found' }, 'New visitor'],
    [{ enrichment: 'no_consent', consentGiven: 'false' }, 'Visitor without consent'],
    [{ enrichment: 'degraded' }, 'Visitor'],
  ])('%j is called %s', (guest, name) => {
    expect(whoWrites(conversation({ ...known, ...guest })).name).toBe(name);
  });

  it('is verified by nothing but the mark', () => {
    expect(whoWrites(conversation({ ...known, verified: 'true' })).mark).toBe('verified');
    for (const verified of ['false', '', 'yes']) {
      expect(whoWrites(conversation({ ...known, verified })).mark).toBe('not verified');
    }
  });

  it('is shown with the contact of the conversation, not with one that was only named', () => {
    const named = { ...known, externalContactId: 'x-1' };
    expect(whoWrites(conversation(named)).facts).toContainEqual(['Contact', 'None']);
    const contact = { id: 'x-1', firstName: 'Jane' };
    expect(whoWrites(conversation(named, { contact })).facts).toContainEqual(['Contact', 'Jane (x-1)']);
  });
});

describe('a guest of webchat-v1', () => {
  const guest: DeskGuest = {
    id: 'g',
    name: 'Jane',
    email: 'jane@shop.example',
    consentGiven: false,
    consentType: 'explicit',
    attributes: { crmTier: 'Pro', vip: true, integrationSource: 'node-middleware-v1' },
  };

  it('is shown with its own attributes', () => {
    expect(whoIsGuest(guest)).toEqual({
      name: 'Jane',
      mark: 'not checked',
      facts: [
        ['Identity', 'Sessions are not verified here'],
        ['Consent', 'Refused'],
        ['E-mail', 'jane@shop.example'],
        ['Tier', 'Pro'],
        ['vip', 'true'],
        ['Source', 'node-middleware-v1'],
      ],
    });
  });

  it.each([
    [true, 'verified'],
    [false, 'not verified'],
  ])('with sessionVerified %s is %s', (sessionVerified, mark) => {
    expect(whoIsGuest({ ...guest, attributes: { sessionVerified } }).mark).toBe(mark);
  });
});
