import { randomBytes } from 'node:crypto';
import { refuse } from './answer.ts';
import { type Endpoint, type EndpointRule, endpoints } from './endpoints.ts';
import type { Settings } from './settings.ts';

/** The access tokens that the simulated organisation has granted. */
export interface AccessTokens {
  grant(scopes: readonly string[], lifetimeSeconds: number): string;
  /** @throws Refusal 401 for a missing, unknown or expired token */
  authenticate(authorization: string | undefined): readonly string[];
  revokeAll(): void;
}

export const createAccessTokens = (now: () => number): AccessTokens => {
  const granted = new Map<string, { readonly scopes: readonly string[]; readonly expiresAtMs: number }>();
  return {
    grant: (scopes, lifetimeSeconds) => {
      const token = randomBytes(64).toString('base64url');
      granted.set(token, { scopes, expiresAtMs: now() + lifetimeSeconds * 1000 });
      return token;
    },
    authenticate: (authorization = '') => {
      const [, token] = /^bearer +([\w.~+/-]+=*)$/i.exec(authorization) ?? [];
      if (token === undefined) {
        throw refuse(401, 'authentication.required', 'No authentication bearer token was given.');
      }
      const found = granted.get(token);
      if (found === undefined || found.expiresAtMs <= now()) {
        throw refuse(401, 'bad.credentials', 'The access token is unknown or has expired.');
      }
      return found.scopes;
    },
    revokeAll: () => granted.clear(),
  };
};

/** @throws Refusal 403 that names the scope or permission which the endpoint needs and the token lacks */
export const authorise = (endpoint: Endpoint, granted: readonly string[], settings: Settings): void => {
  const needs: EndpointRule = endpoints[endpoint];
  if (needs.scope !== undefined && !granted.includes(needs.scope)) {
    throw refuse(403, 'missing.scope', `The access token lacks the scope ${needs.scope}`, {
      cause: `missing scope: ${needs.scope}`,
    });
  }
  if (needs.permission !== undefined && !settings.permissions.includes(needs.permission)) {
    throw refuse(
      403,
      'missing.any.permissions',
      `Unable to perform the requested action. You are missing the following permission(s): ${needs.permission}`,
      { cause: `missing permission: ${needs.permission}` },
    );
  }
};
