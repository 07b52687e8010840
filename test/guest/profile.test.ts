import { describe, expect, it } from '@jest/globals';
import {
  anonymousProfile,
  exposedAttributes,
  mappedAttributes,
  matchedProfile,
  profileDigest,
} from '../../lambda/guest/profile.ts';

const map = { crmTier: 'tier', historicalTickets: 'previousTickets' };
const jane = { email: 'jane@example.com', firstName: 'Jane', tier: 'Enterprise', previousTickets: 12 };

describe('A profile', () => {
  it('maps CRM fields and entries of attributes to Genesys names, types kept, absent ones left out', () => {
    const profile = matchedProfile({ ...jane, attributes: { vip: true, score: 0.5, note: '' } });
    expect(
      mappedAttributes(profile, { ...map, isVip: 'vip', s: 'score', n: 'note', gone: 'nowhere' }),
    ).toEqual({ crmTier: 'Enterprise', historicalTickets: 12, isVip: true, s: 0.5, n: '' });
  });

  it('invents nothing that the CRM does not say', () => {
    const profile = matchedProfile({ email: 'a@b.example' });
    expect(mappedAttributes(profile, map)).toEqual({});
    expect(exposedAttributes(profile, ['firstName', 'tier', 'previousTickets'])).toEqual({});
  });

  it('lets no attribute reach beyond itself', () => {
    const profile = matchedProfile({ ...jane, attributes: {} });
    expect(
      exposedAttributes(profile, ['constructor', '__proto__', 'anonymous', 'attributes', 'toString']),
    ).toEqual({});
  });

  it('has the same digest while Genesys would be told the same', () => {
    const digest = profileDigest(matchedProfile(jane), map);
    expect(profileDigest(matchedProfile({ ...jane, updatedAt: '2026-05-15', expiresAt: 9e9 }), map)).toBe(
      digest,
    );
    for (const change of [
      { email: 'x@y.example' },
      { firstName: 'J' },
      { tier: 'Free' },
      { previousTickets: 13 },
    ]) {
      expect(profileDigest(matchedProfile({ ...jane, ...change }), map)).not.toBe(digest);
    }
  });

  it('has the digest that an earlier release computed: a deployment registers nobody anew', () => {
    const profile = matchedProfile({ ...jane, crmId: 'crm-1' });
    expect(profileDigest(profile, map)).toBe('25Z0gp5rlCN2bmeoJ6Bv6iyd2f_Doua9qVGZYo4wn8M');
    expect(profileDigest(anonymousProfile('a'.repeat(64), 'temp.com'), map)).toBe(
      'TQz9GvGAUAtORiBdtYoL2gOxp7gjXZrKJzPqcI29XSI',
    );
  });

  it('has a digest that knows the customer, and not the order in which attributes are mapped', () => {
    const digest = profileDigest(matchedProfile(jane), map);
    expect(profileDigest(matchedProfile({ ...jane, crmId: 'crm-1' }), map)).not.toBe(digest);
    const { crmTier, historicalTickets } = map;
    expect(profileDigest(matchedProfile(jane), { historicalTickets, crmTier })).toBe(digest);
    expect(profileDigest(matchedProfile(jane), { crmTier })).not.toBe(digest);
  });

  it('shows its fields by their names, and an attribute that bears such a name never', () => {
    const profile = matchedProfile({ ...jane, crmId: 'crm-1', attributes: { tier: 'forged', vip: true } });
    const names = ['email', 'firstName', 'tier', 'previousTickets', 'crmId', 'vip'];
    expect(exposedAttributes(profile, names)).toEqual({ ...jane, crmId: 'crm-1', vip: true });
    const { tier: _, ...without } = jane;
    expect(exposedAttributes(matchedProfile({ ...without, attributes: { tier: 'forged' } }), names)).toEqual(
      without,
    );
  });

  it('leaves the e-mail of an anonymous visitor out of the digest: it changes with the hash key', () => {
    const [a, b] = ['a', 'b'].map((hash) =>
      profileDigest(anonymousProfile(hash.repeat(64), 'temp.com'), map),
    );
    expect(a).toBe(b);
    expect(a).not.toBe(profileDigest(matchedProfile(jane), map));
  });
});
