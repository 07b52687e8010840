import { GuestError } from './errors.ts';

export const consentTypes = ['explicit', 'implicit'] as const;
export type ConsentType = (typeof consentTypes)[number];

/** A visitor's consent, as the provider is sent it and as the registry keeps it in evidence. */
export interface Consent {
  readonly given: boolean;
  readonly type: ConsentType;
  /** False where silence counted as consent. */
  readonly stated: boolean;
}

/** Consent as the website sent it; both parts may be absent. */
export interface StatedConsent {
  readonly given?: boolean | undefined;
  readonly type?: ConsentType | undefined;
}

/**
 * Turns what the website stated into a consent.
 * With `requireExplicit`, silence and implicit consent are refused; an explicit `false` is served without consent.
 * @throws GuestError `consent_required`
 */
export const resolveConsent = ({ given, type }: StatedConsent, requireExplicit: boolean): Consent => {
  const stated = given !== undefined;
  const consent = { given: given ?? true, type: type ?? 'explicit', stated } as const;
  if (requireExplicit && consent.given && (!stated || consent.type === 'implicit')) {
    throw new GuestError('consent_required');
  }
  return consent;
};

/** The consent in force: a refusal that was stated before holds until the visitor states otherwise. */
export const consentInForce = (now: Consent, remembered: Consent | undefined): Consent =>
  !now.stated && isRefusal(remembered) ? remembered : now;

/** Whether a consent is a refusal that the visitor stated. */
export const isRefusal = (consent: Consent | undefined): consent is Consent =>
  consent?.stated === true && !consent.given;

/** Compared to find out whether a guest was registered under the same consent. */
export const consentDigest = ({ given, type }: Consent): string => `${given}:${type}`;
