import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import type { ApiClient, ApiRequest } from './api-client.ts';
import type { GenesysEvent } from './events.ts';
import type { OAuthToken } from './oauth-token.ts';
import type { Outcome } from './outcome.ts';
import { recordRefusal } from './refusal.ts';
import { createRetry, type RetryPlan } from './retry.ts';

export interface AuthorisedCallOptions {
  readonly client: ApiClient;
  readonly oauth: OAuthToken;
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
  readonly random?: (() => number) | undefined;
}

export interface AuthorisedRequest<T> extends Omit<ApiRequest<T>, 'endpoint' | 'deadline' | 'headers'> {
  readonly plan: RetryPlan;
  /** Before each attempt, when the token is at hand. */
  readonly before?: () => Promise<void>;
  /** Refusals that are answers to the caller: not recorded as faults. */
  readonly expected?: readonly number[];
}

/**
 * Calls the API with the OAuth token, by the plan's rules. A 401 costs the token, which is got anew, once.
 * @throws LimitedError, and what getting the token throws
 */
export const createAuthorisedCall = ({ client, oauth, clock, telemetry, random }: AuthorisedCallOptions) => {
  const retry = createRetry({ clock, telemetry, random });

  return async <T>(
    { plan, before, expected = [], ...request }: AuthorisedRequest<T>,
    deadline: Deadline,
  ): Promise<Outcome<T>> => {
    const { endpoint } = plan;
    let renewed = false;
    const attempt = async (): Promise<Outcome<T>> => {
      const token = await oauth.get(deadline);
      await before?.();
      const headers = { Authorization: `Bearer ${token}` };
      const outcome = await client.send({ ...request, endpoint, headers, deadline });
      if (outcome.kind !== 'refused' || outcome.status !== 401 || renewed) return outcome;
      renewed = true;
      await oauth.invalidate(token, deadline);
      return await attempt();
    };
    const outcome = await retry(plan, deadline, attempt);
    if (outcome.kind === 'refused' && outcome.status < 500 && !expected.includes(outcome.status)) {
      recordRefusal(telemetry, endpoint, outcome);
    }
    return outcome;
  };
};
