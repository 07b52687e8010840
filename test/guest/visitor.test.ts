import { describe, expect, it } from '@jest/globals';
import type { KnownGuest } from '../../lambda/guest/ports.ts';
import { serves, type Visitor, visitorOf } from '../../lambda/guest/visitor.ts';
import { explicit, guestAt, silent } from '../support/registry-contract.ts';

const session = { hashes: ['a'.repeat(64)] as const, binding: 'binding' };
const settings = { anonymousEmailDomain: 'temp.com', attributeMap: { crmTier: 'tier' } };
const record = { email: 'jane@example.com', firstName: 'Jane', updatedAt: '2026-05-15', expiresAt: 9e9 };
const evidence = { consent: explicit, verified: true };

describe('A visitor', () => {
  it.each([
    [{ kind: 'not_found' }, 'not_found'],
    [{ kind: 'not_read' }, 'no_consent'],
    [{ kind: 'degraded' }, 'degraded'],
  ] as const)('of whom the CRM tells nothing is anonymous: %j', (crm, enrichment) => {
    expect(visitorOf(session, evidence, crm, { guestHasProfile: true }, settings)).toMatchObject({
      session,
      ...evidence,
      enrichment,
      profile: {
        email: 'visitor_aaaaaaaa@temp.com',
        firstName: 'Guest',
        tier: 'Unknown',
        previousTickets: 0,
        anonymous: true,
      },
    });
  });

  it('whom the CRM knows has its profile, without what only the CRM needs', () => {
    const crm = { kind: 'matched', record } as const;
    const { profile, enrichment } = visitorOf(session, evidence, crm, { guestHasProfile: true }, settings);
    expect(enrichment).toBe('matched');
    expect(profile).toEqual({ email: 'jane@example.com', firstName: 'Jane', anonymous: false });
  });

  it('has a digest of the profile only where guests are registered with it', () => {
    const crm = { kind: 'matched', record } as const;
    const digestFor = (guestHasProfile: boolean) =>
      visitorOf(session, evidence, crm, { guestHasProfile }, settings).profileDigest;
    expect(digestFor(true)).toMatch(/^[\w-]{43}$/);
    expect(digestFor(false)).toBe('');
  });
});

describe('A remembered guest', () => {
  const visitor: Visitor = {
    session,
    consent: explicit,
    verified: false,
    profile: { email: 'jane@example.com', anonymous: false },
    profileDigest: 'digest-1',
    enrichment: 'matched',
  };
  const implicit = { ...explicit, type: 'implicit' } as const;
  const refusal = { ...explicit, given: false } as const;

  it.each<[string, Partial<KnownGuest>, Partial<Visitor>, boolean]>([
    ['as it was registered', {}, {}, true],
    ['whose silence has become a statement to the same effect', { consent: silent }, {}, true],
    ['of another provider', { provider: 'web-messaging' }, {}, false],
    ['of the time before the session was verified', {}, { verified: true }, false],
    ['of a verified session, to one who is not', { verified: true }, {}, false],
    ['of another profile', { profileDigest: 'digest-2' }, {}, false],
    ['of another consent', { consent: implicit }, {}, false],
    ['of another profile, while the CRM is away', { profileDigest: '-' }, { enrichment: 'degraded' }, true],
    [
      'of another type of consent, while the CRM is away',
      { consent: implicit },
      { enrichment: 'degraded' },
      true,
    ],
    ['who had refused, while the CRM is away', { consent: refusal }, { enrichment: 'degraded' }, false],
    ['of another provider, while the CRM is away', { provider: 'x' }, { enrichment: 'degraded' }, false],
  ])('%s serves the visitor, or does not', (_, ofGuest, ofVisitor, expected) => {
    expect(serves(guestAt(0, ofGuest), { ...visitor, ...ofVisitor }, 'webchat-v1')).toBe(expected);
  });
});
