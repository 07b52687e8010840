import { describe, expect, it } from '@jest/globals';
import type { Consent } from '../../lambda/guest/consent.ts';
import type { KnownGuest, Registration } from '../../lambda/guest/ports.ts';
import { consentWith } from '../../lambda/guest/stand-in.ts';

const refused: Consent = { given: false, type: 'explicit', stated: true };
const given: Consent = { given: true, type: 'explicit', stated: true };
const silence: Consent = { given: true, type: 'explicit', stated: false };

const guest = (registeredAtMs: number, consent: Consent): KnownGuest => ({
  guestId: `guest-of-${registeredAtMs}`,
  provider: 'webchat-v1',
  profileDigest: '',
  anonymous: true,
  consent,
  verified: false,
  registeredAtMs,
  expiresAtMs: 10_000,
});
const registration = (consent: Consent | undefined, registeredAtMs?: number): Registration => ({
  versions: new Map(),
  guestEverywhere: true,
  verified: false,
  consent,
  guest: registeredAtMs === undefined ? undefined : guest(registeredAtMs, consent ?? silence),
});

describe('The consent that silence goes by, beside a guest that could not be saved', () => {
  it.each([
    ['the registry’s, where there is no such guest', registration(given, 1000), undefined, given],
    [
      'the registry’s, where that guest was not refused',
      registration(given, 1000),
      guest(2000, silence),
      given,
    ],
    ['the refusal of a newer guest', registration(given, 1000), guest(1001, refused), refused],
    ['a statement that came at the same time', registration(given, 1000), guest(1000, refused), given],
    ['a statement that came with a newer guest', registration(given, 1000), guest(999, refused), given],
    [
      'the refusal, where the newer guest came with silence',
      registration(silence, 1000),
      guest(999, refused),
      refused,
    ],
    ['the refusal, where nobody has stated anything', registration(undefined), guest(999, refused), refused],
    ['the refusal, where the registry knows nothing', undefined, guest(999, refused), refused],
  ])('is %s', (_, known, unsaved, consent) => {
    expect(consentWith(known, unsaved)).toEqual(consent);
  });

  it('is nobody’s where nothing is known', () => {
    expect(consentWith(undefined, undefined)).toBeUndefined();
  });
});
