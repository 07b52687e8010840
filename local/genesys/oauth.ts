import type { AccessTokens } from './access-tokens.ts';
import { type Answer, oauthRefusal } from './answer.ts';
import type { Settings } from './settings.ts';

export interface TokenRequest {
  readonly contentType: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

interface Presented {
  readonly style: 'body' | 'basic';
  readonly id: string;
  readonly secret: string;
}

const basicCredentials = (authorization: string): Presented => {
  const [, encoded] = /^basic +([a-z0-9+/]+=*)$/i.exec(authorization) ?? [];
  const [id, ...secret] = Buffer.from(encoded ?? '', 'base64')
    .toString('utf8')
    .split(':');
  return { style: 'basic', id: id ?? '', secret: secret.join(':') };
};

const presented = (form: URLSearchParams, authorization: string | undefined): Presented => {
  const id = form.get('client_id');
  const secret = form.get('client_secret');
  if (authorization !== undefined && secret !== null) {
    throw oauthRefusal(400, 'invalid_request', 'client credentials were sent twice');
  }
  if (authorization !== undefined) return basicCredentials(authorization);
  if (id === null || secret === null) {
    throw oauthRefusal(400, 'invalid_request', 'client_id and client_secret are required');
  }
  return { style: 'body', id, secret };
};

/**
 * The token endpoint for client credentials.
 * @see RFC 6749, sections 4.4 and 5.2; the error bodies are Genesys' own
 * @throws Refusal
 */
export const answerTokenRequest = (
  { contentType, authorization, body }: TokenRequest,
  settings: Settings,
  tokens: AccessTokens,
): Answer => {
  if (!/^application\/x-www-form-urlencoded(?:;|$)/i.test(contentType)) {
    throw oauthRefusal(415, 'invalid_request', 'the body must be application/x-www-form-urlencoded');
  }
  const form = new URLSearchParams(body);
  for (const name of new Set(form.keys())) {
    if (form.getAll(name).length > 1) throw oauthRefusal(400, 'invalid_request', `${name} was sent twice`);
  }
  const grantType = form.get('grant_type');
  if (grantType === null) throw oauthRefusal(400, 'invalid_request', 'grant_type is required');
  if (grantType !== 'client_credentials') {
    throw oauthRefusal(400, 'unsupported_grant_type', 'only client_credentials is supported');
  }
  const { style, id, secret } = presented(form, authorization);
  const styleAllowed = settings.clientAuthentication === 'either' || settings.clientAuthentication === style;
  if (!styleAllowed || id !== settings.clientId || secret !== settings.clientSecret) {
    throw oauthRefusal(settings.invalidClientStatus, 'invalid_client', 'authentication failed');
  }
  const asked = (form.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
  const scopes = asked.filter((scope) => settings.scopes.includes(scope));
  return {
    status: 200,
    headers: { 'cache-control': 'no-store' },
    body: {
      access_token: tokens.grant(scopes, settings.tokenLifetimeSeconds),
      token_type: 'bearer',
      expires_in: settings.tokenLifetimeSeconds,
      scope: scopes.join(' '),
    },
  };
};
