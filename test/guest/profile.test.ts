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

  it('leaves the e-mail of an anonymous visitor out of the digest: it changes with the hash key', () => {
    const [a, b] = ['a', 'b'].map((hash) =>
      profileDigest(anonymousProfile(hash.repeat(64), 'temp.com'), map),
    );
    expect(a).toBe(b);
    expect(a).not.toBe(profileDigest(matchedProfile(jane), map));
  });
});
