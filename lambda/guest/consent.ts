import { GuestError } from './errors.ts';

export type ConsentType = 'explicit' | 'implicit';

/** A visitor's consent, as Genesys is told and as the registry keeps it in evidence. */
export interface Consent {
  readonly given: boolean;
  readonly type: ConsentType;
}

/** Consent as the website sent it; both parts may be absent. */
export interface StatedConsent {
  readonly given?: boolean | undefined;
  readonly type?: ConsentType | undefined;
}

/**
 * Turns what the website stated into a consent.
 * With `requireExplicit`, silence and implicit consent are refused; an outspoken `false` is served without consent.
 * @throws GuestError `consent_required`
 */
export const resolveConsent = (stated: StatedConsent, requireExplicit: boolean): Consent => {
  const consent = { given: stated.given ?? true, type: stated.type ?? 'explicit' } as const;
  if (requireExplicit && consent.given && (stated.given === undefined || consent.type === 'implicit')) {
    throw new GuestError(
      'consent_required',
      'Explicit consent is required: send consentGiven true or false.',
    );
  }
  return consent;
};

/** Compared to tell whether a guest was registered under the same consent. */
export const consentDigest = ({ given, type }: Consent): string => `${given}:${type}`;
