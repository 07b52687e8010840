import type { Guest, GuestError, GuestErrorCode } from '../client/guest-profiles.d.ts';

/** What a visitor of this shop reads; docs/website.md has suggestions for other websites. */
const failures: Partial<Readonly<Record<GuestErrorCode, string>>> = {
  consent_required: 'The chat needs your consent to open.',
  offline: 'You are offline. The chat opens when you are back.',
  unreachable: 'The chat cannot be reached at the moment.',
  timeout: 'The chat takes too long to open.',
  queued: 'Many people are chatting. Please try again in a few minutes.',
  too_many_requests: 'Many people are chatting. Please try again in a few minutes.',
  genesys_unavailable: 'The chat is not available at the moment.',
  genesys_rejected: 'The chat could not be opened.',
  registration_failed: 'The chat could not be opened in time.',
  deadline_exceeded: 'The chat takes too long to open.',
  identity_expired: 'We no longer recognise you. Sign in again, or chat anonymously.',
  invalid_request: 'This session id cannot be used.',
};

export const failureText = ({ code }: GuestError): string =>
  failures[code] ?? 'The chat could not be opened.';

export const failureAdvice = ({ code, retryable }: GuestError): string => {
  if (code === 'genesys_rejected') {
    return 'Genesys Cloud refused the call, or its response made no sense. The function’s log says which.';
  }
  return retryable ? 'Try again in a moment.' : 'Trying again unchanged will not help.';
};

export const waitingText = (reason: GuestErrorCode): string => {
  if (reason === 'offline') return 'You are offline. The chat opens when you are back.';
  if (reason === 'queued') return 'Many people are chatting; you are in the queue.';
  return 'The chat is not available yet; trying again.';
};

const greetings: Readonly<Record<Guest['enrichment'], string>> = {
  matched: 'The CRM knows this visitor; the agent sees who it is.',
  not_found: 'The CRM does not know this visitor: an anonymous guest.',
  no_consent: 'No consent: the CRM was not asked, the guest is anonymous.',
  degraded: 'The CRM could not be asked in time: an anonymous guest, and the chat opens all the same.',
};
export const enrichmentText = ({ enrichment }: Guest): string => greetings[enrichment];

/** An anonymous guest's attributes are placeholders that Genesys is sent, and must not look like CRM data. */
export const attributesTitle = ({ enrichment }: Guest): string =>
  enrichment === 'matched' ? 'From the CRM' : 'Placeholders of an anonymous guest';
