import * as v from 'valibot';
import { GuestError } from '../guest/errors.ts';
import type { Clock, Deadline, Telemetry } from '../guest/ports.ts';
import type { ApiClient } from './api-client.ts';
import type { GenesysEvent } from './events.ts';
import type { Outcome } from './outcome.ts';
import { recordRefusal } from './refusal.ts';

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Where the client id and secret come from; never kept, since they are rotated. */
export interface CredentialSource<C extends ClientCredentials = ClientCredentials> {
  current(deadline: Deadline): Promise<C>;
  /** Reads the secret again: Genesys refused what we knew. */
  refresh(deadline: Deadline): Promise<{ readonly secret: C }>;
}

/** `body`: client id and secret as form fields. `basic`: in an Authorization header as Genesys' own SDK sends it. */
export type CredentialStyle = 'body' | 'basic';

/** A token as Genesys granted it. Times are the container's, counted from before the request was sent. */
export interface GrantedToken {
  readonly value: string;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** The client secret that it was granted to. */
  readonly clientSecret: string;
}

const tokenAnswer = v.object({
  access_token: v.pipe(v.string(), v.regex(/^[\x21-\x7e]+$/)),
  token_type: v.optional(v.pipe(v.string(), v.regex(/^bearer$/i))),
  expires_in: v.pipe(v.number(), v.finite(), v.gtValue(0)),
});

/**
 * Asks the token endpoint for a client-credentials token (RFC 6749, 4.4), once; again where the secret turns
 * out to have been rotated.
 */
export const createOAuthRequest = ({
  client,
  loginUrl,
  style,
  scope,
  credentials,
  clock,
  telemetry,
}: {
  readonly client: ApiClient;
  readonly loginUrl: string;
  readonly style: CredentialStyle;
  readonly scope?: string | undefined;
  readonly credentials: CredentialSource;
  readonly clock: Clock;
  readonly telemetry: Telemetry<GenesysEvent>;
}) => {
  const ask = async (secret: ClientCredentials, deadline: Deadline): Promise<Outcome<GrantedToken>> => {
    const { clientId, clientSecret } = secret;
    const issuedAtMs = clock.now();
    telemetry.record('oauth_requested');
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    const outcome = await client.send({
      endpoint: 'oauth',
      method: 'POST',
      url: `${loginUrl}/oauth/token`,
      headers: style === 'basic' ? { Authorization: `Basic ${basic}` } : {},
      body: {
        form: {
          grant_type: 'client_credentials',
          ...(style === 'body' ? { client_id: clientId, client_secret: clientSecret } : {}),
          ...(scope === undefined ? {} : { scope }),
        },
      },
      schema: tokenAnswer,
      deadline,
    });
    if (outcome.kind === 'ok') {
      const { access_token: value, expires_in } = outcome.value;
      const expiresAtMs = issuedAtMs + expires_in * 1000;
      return { kind: 'ok', value: { value, issuedAtMs, expiresAtMs, clientSecret } };
    }
    // The token endpoint's way of limiting: 400 invalid_request, "rate limit exceeded; …".
    if (
      outcome.kind === 'refused' &&
      outcome.status === 400 &&
      outcome.problem.code === 'invalid_request' &&
      /^rate limit exceeded/im.test(outcome.problem.text)
    ) {
      return { kind: 'limited', retryAfterMs: outcome.retryAfterMs };
    }
    return outcome;
  };

  const refusesCredentials = (outcome: Outcome<GrantedToken>): boolean =>
    outcome.kind === 'refused' &&
    (outcome.status === 401 || (outcome.status === 400 && outcome.problem.code === 'invalid_client'));

  /** The secret as it is now; the one that was used where it cannot be read again, which is recorded there. */
  const newest = async (used: ClientCredentials, deadline: Deadline): Promise<ClientCredentials> => {
    try {
      return (await credentials.refresh(deadline)).secret;
    } catch (error) {
      if (error instanceof GuestError) throw error;
      return used;
    }
  };

  return async (deadline: Deadline): Promise<Outcome<GrantedToken>> => {
    let secret = await credentials.current(deadline);
    let outcome = await ask(secret, deadline);
    if (refusesCredentials(outcome)) {
      const used = secret;
      secret = await newest(used, deadline);
      // Compared with what was used: another caller may have read the rotated secret before us.
      if (secret.clientSecret !== used.clientSecret || secret.clientId !== used.clientId) {
        telemetry.record('oauth_credentials_renewed');
        outcome = await ask(secret, deadline);
      }
      if (outcome.kind === 'refused' && refusesCredentials(outcome)) {
        telemetry.record('oauth_credentials_refused', { status: outcome.status });
        const { clientId, clientSecret } = secret;
        return { ...outcome, credentials: { clientId, clientSecret } };
      }
    }
    if (outcome.kind === 'refused' && outcome.status < 500) recordRefusal(telemetry, 'oauth', outcome);
    if (outcome.kind !== 'ok' && outcome.kind !== 'limited') {
      const status = outcome.kind === 'refused' ? outcome.status : undefined;
      telemetry.record('oauth_failed', { reason: outcome.kind, status });
    }
    return outcome;
  };
};
export type OAuthRequest = ReturnType<typeof createOAuthRequest>;
