import * as v from 'valibot';
import {
  AmbiguousCreationError,
  GuestError,
  LeaseTooShortError,
  UnknownGuestError,
} from '../guest/errors.ts';
import type { Clock, Deadline, GuestProvider, RegisterCommand } from '../guest/ports.ts';
import { type AttributeMap, mappedAttributes } from '../guest/profile.ts';
import type { Call, RetryPlan } from './call-policy.ts';
import { type CreationGate, callsAfterCreation } from './creation-gate.ts';
import { errorOf, type Failure } from './outcome.ts';
import { pathId } from './upstream-text.ts';

/** What the OAuth token must be granted for. */
export const webchatScope = 'webchat:guest:write webchat:token:write';

export interface WebchatV1Options {
  readonly call: Call;
  readonly clock: Clock;
  readonly baseUrl: string;
  /** Longest that one attempt takes. */
  readonly timeoutMs: number;
  /** Whether guests say if their session was verified. */
  readonly showsVerification: boolean;
  readonly integrationSource: string;
  readonly attributeMap: AttributeMap;
  readonly gate: CreationGate;
}

const guestResponse = v.object({ id: pathId });
const tokenResponse = v.object({
  token: v.pipe(v.string(), v.minLength(1)),
  expires_at: v.pipe(
    v.string(),
    v.isoTimestamp(),
    v.check((text) => !Number.isNaN(Date.parse(text))),
    // UTC, whatever offset Genesys writes.
    v.transform((text) => new Date(text).toISOString()),
  ),
});

const tokenPlan: RetryPlan = { endpoint: 'guest_token', limitBaseMs: 1500, repeat: 'always', followedBy: 0 };

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
    return new GuestError('consent_required');
  }
  const error = errorOf(failure);
  if (!isAmbiguous(failure)) return error;
  return new AmbiguousCreationError(error.code, { retryAfterSeconds: error.retryAfterSeconds });
};

/** The tutorial's contract: guests and guest tokens by `/api/v2/webchat/v1`. */
export const createWebchatV1 = (options: WebchatV1Options): GuestProvider => {
  const { call, clock, baseUrl, timeoutMs, showsVerification, integrationSource, attributeMap, gate } =
    options;
  const guestsUrl = `${baseUrl}/api/v2/webchat/v1/guests`;
  const guestPlan: RetryPlan = {
    endpoint: 'guest',
    limitBaseMs: 1000,
    repeat: 'undelivered',
    followedBy: callsAfterCreation,
    onLimited: (waitMs) => gate.hold(waitMs),
  };

  const guestBody = ({ profile, consent, verified }: RegisterCommand) => ({
    name: profile.firstName?.trim() ? profile.firstName : 'Anonymous Visitor',
    email: profile.email,
    consentGiven: consent.given,
    consentType: consent.type,
    attributes: {
      ...mappedAttributes(profile, attributeMap),
      integrationSource,
      ...(showsVerification ? { sessionVerified: verified } : {}),
    },
  });

  return {
    name: 'webchat-v1',
    guestHasProfile: true,

    register: async (command, deadline) => {
      const created = await call(
        {
          plan: guestPlan,
          method: 'POST',
          url: guestsUrl,
          body: { json: guestBody(command) },
          schema: guestResponse,
          before: async () => {
            await gate.admit(command.verified, deadline);
            // Somebody else could create a second guest while this attempt is under way.
            const leftMs = command.createUntilMs - clock.now();
            if (leftMs < Math.min(timeoutMs, command.leastMs)) throw new LeaseTooShortError();
            return leftMs;
          },
        },
        deadline,
      );
      if (created.kind !== 'ok') throw creationError(created);
      return { guestId: created.value.id };
    },

    issueToken: async ({ guestId }, _session, deadline: Deadline) => {
      const issued = await call(
        {
          plan: tokenPlan,
          method: 'POST',
          url: `${guestsUrl}/${encodeURIComponent(guestId)}/tokens`,
          body: { json: {} },
          schema: tokenResponse,
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
