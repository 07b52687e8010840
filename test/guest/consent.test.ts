import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Consent, consentDigest, consentInForce, resolveConsent } from '../../lambda/guest/consent.ts';

const type = fc.constantFrom('explicit' as const, 'implicit' as const);
const given = fc.boolean();
const maybe = <T>(part: fc.Arbitrary<T>) => fc.option(part, { nil: undefined });
const consents: fc.Arbitrary<Consent> = fc.record({ given, type, stated: fc.boolean() });

describe('Consent', () => {
  it('is what was stated; silence counts as explicit consent, and is remembered as silence', () => {
    fc.assert(
      fc.property(maybe(given), maybe(type), (statedGiven, statedType) => {
        expect(resolveConsent({ given: statedGiven, type: statedType }, false)).toEqual({
          given: statedGiven !== false,
          type: statedType ?? 'explicit',
          stated: statedGiven !== undefined,
        });
      }),
    );
  });

  it('must be stated and explicit where that is required; a refusal is served as one', () => {
    const explicit = { given: true, type: 'explicit', stated: true };
    expect(resolveConsent({ given: true }, true)).toEqual(explicit);
    expect(resolveConsent({ given: true, type: 'explicit' }, true)).toEqual(explicit);
    expect(resolveConsent({ given: false }, true)).toMatchObject({ given: false, stated: true });
    expect(resolveConsent({ given: false, type: 'implicit' }, true)).toMatchObject({ given: false });
    for (const lacking of [
      {},
      { type: 'explicit' },
      { type: 'implicit' },
      { given: true, type: 'implicit' },
    ]) {
      expect(() => resolveConsent(lacking as { given?: boolean }, true)).toThrow('consent_required');
    }
  });

  it('that is in force is the newest, except that silence takes back no refusal that was stated', () => {
    fc.assert(
      fc.property(consents, maybe(consents), (now, remembered) => {
        const refusedBefore = remembered?.stated === true && remembered.given === false;
        expect(consentInForce(now, remembered)).toBe(!now.stated && refusedBefore ? remembered : now);
      }),
    );
  });

  it('is the same to the provider exactly where it says the same, stated or not', () => {
    fc.assert(
      fc.property(consents, consents, (one, other) => {
        expect(consentDigest(one) === consentDigest(other)).toBe(
          one.given === other.given && one.type === other.type,
        );
      }),
    );
  });
});
