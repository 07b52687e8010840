import * as v from 'valibot';
import { AmbiguousCreationError, GuestError, UnknownGuestError } from '../guest/errors.ts';
import type { Deadline, GuestProvider, RegisterCommand } from '../guest/ports.ts';
import { type AttributeMap, mappedAttributes } from '../guest/profile.ts';
import { type AuthorisedCallOptions, createAuthorisedCall } from './authorised-call.ts';
import type { CreationGate } from './creation-gate.ts';
import { errorOf, type Failure } from './outcome.ts';
import type { RetryPlan } from './retry.ts';

/** What the OAuth token must be granted for. */
export const webchatScope = 'webchat:guest:write webchat:token:write';

export interface WebchatV1Options extends AuthorisedCallOptions {
  readonly baseUrl: string;
  readonly integrationSource: string;
  readonly attributeMap: AttributeMap;
  readonly gate: CreationGate;
}

// A guest id becomes part of a path: nothing that could change it.
const guestAnswer = v.object({
  id: v.pipe(
    v.string(),
    v.maxLength(256),
    v.regex(/^(?!\.{1,2}$)[^\s\p{Cc}]+$/u),
    v.check((id) => id.isWellFormed()),
  ),
});
const tokenAnswer = v.object({
  token: v.pipe(v.string(), v.minLength(1)),
  expires_at: v.pipe(
    v.string(),
    v.isoTimestamp(),
    v.check((text) => !Number.isNaN(Date.parse(text))),
  ),
});

const tokenPlan: RetryPlan = { endpoint: 'guest_token', limitBaseMs: 1500, repeat: 'always' };

/** Whether a guest may exist at Genesys although its creation has failed. */
const isAmbiguous = (failure: Failure): boolean =>
  failure.kind === 'lost' ||
  failure.kind === 'malformed' ||
  (failure.kind === 'refused' && failure.status >= 500 && failure.status !== 503);

const namesConsent = (failure: Failure): boolean =>
  failure.kind === 'refused' &&
  failure.status === 400 &&
  /consent/i.test(`${failure.problem.code}\n${failure.problem.text}`);

/** What a failed creation means to the domain. */
const creationError = (failure: Failure): GuestError => {
  if (namesConsent(failure)) {
    return new GuestError('consent_required', 'Genesys Cloud needs consent to open the chat.');
  }
  const error = errorOf(failure);
  if (!isAmbiguous(failure)) return error;
  const { code, message, retryAfterSeconds } = error;
  return new AmbiguousCreationError(code, message, { retryAfterSeconds });
};

/** The tutorial's contract: guests and guest tokens by `/api/v2/webchat/v1`. */
export const createWebchatV1 = (options: WebchatV1Options): GuestProvider => {
  const { baseUrl, integrationSource, attributeMap, gate } = options;
  const guestsUrl = `${baseUrl}/api/v2/webchat/v1/guests`;
  const call = createAuthorisedCall(options);
  const guestPlan: RetryPlan = {
    endpoint: 'guest',
    limitBaseMs: 1000,
    repeat: 'undelivered',
    onLimited: (waitMs) => gate.hold(waitMs),
  };

  const guestBody = ({ profile, consent }: RegisterCommand) => ({
    name: profile.firstName?.trim() ? profile.firstName : 'Anonymous Visitor',
    email: profile.email,
    consentGiven: consent.given,
    consentType: consent.type,
    attributes: { ...mappedAttributes(profile, attributeMap), integrationSource },
  });

  return {
    name: 'webchat-v1',

    register: async (command, deadline) => {
      const created = await call(
        {
          plan: guestPlan,
          method: 'POST',
          url: guestsUrl,
          body: { json: guestBody(command) },
          schema: guestAnswer,
          before: async () => {
            await gate.admit(deadline);
            await command.beforeCreation();
          },
        },
        deadline,
      );
      if (created.kind !== 'ok') throw creationError(created);
      return { guestId: created.value.id };
    },

    issueToken: async ({ guestId }, deadline: Deadline) => {
      const issued = await call(
        {
          plan: tokenPlan,
          method: 'POST',
          url: `${guestsUrl}/${encodeURIComponent(guestId)}/tokens`,
          body: { json: {} },
          schema: tokenAnswer,
          expected: [404],
        },
        deadline,
      );
      if (issued.kind === 'refused' && issued.status === 404) throw new UnknownGuestError();
      if (issued.kind !== 'ok') throw errorOf(issued);
      return { accessToken: issued.value.token, expiresAt: issued.value.expires_at };
    },
  };
};
