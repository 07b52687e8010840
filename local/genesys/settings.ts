import * as v from 'valibot';

const scopes = ['webchat:guest:write', 'webchat:token:write'] as const;
const permissions = [
  'externalContacts:contact:enrich',
  'externalContacts:contact:view',
  'externalContacts:contact:delete',
] as const;

const count = v.pipe(v.number(), v.integer(), v.minValue(1));

/** How the simulated organisation behaves; every part may be changed while it runs. */
export const settingsSchema = v.strictObject({
  clientId: v.optional(v.string(), 'local-client'),
  clientSecret: v.optional(v.string(), 'local-client-secret'),
  /** Where the token endpoint accepts the credentials. */
  clientAuthentication: v.optional(v.picklist(['either', 'body', 'basic']), 'either'),
  invalidClientStatus: v.optional(v.picklist([400, 401]), 401),
  tokenLifetimeSeconds: v.optional(count, 86_400),
  guestTokenLifetimeSeconds: v.optional(count, 3600),
  /** Platform API requests a minute for one client; `null` is unlimited. */
  apiPerMinute: v.optional(v.nullable(count), 300),
  /** Token requests a minute for one client; `null` is unlimited. */
  oauthPerMinute: v.optional(v.nullable(count), null),
  /** Refuses guests without consent. */
  requireConsent: v.optional(v.boolean(), false),
  /** What a token may be granted for, if it asks. */
  scopes: v.optional(v.array(v.string()), [...scopes]),
  /** What the client's roles allow. */
  permissions: v.optional(v.array(v.string()), [...permissions]),
});
export type Settings = v.InferOutput<typeof settingsSchema>;
export type SettingsChange = Partial<Settings>;
