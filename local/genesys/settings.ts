import * as v from 'valibot';

const scopes = ['webchat:guest:write', 'webchat:token:write'] as const;
const permissions = [
  'externalContacts:contact:enrich',
  'externalContacts:contact:view',
  'externalContacts:contact:delete',
  'externalContacts:conversation:associate',
  'conversation:communication:view',
  'conversation:message:participate',
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

  /** The one Web Messaging deployment. */
  messagingDeploymentId: v.optional(v.string(), '5b7e2c1d-4f3a-4e6b-9c8d-7a6b5c4d3e2f'),
  /** Origins that the deployment lets in; `loopback` is every port of this machine, and clients that are no browser. */
  messagingOrigins: v.optional(v.union([v.picklist(['*', 'loopback']), v.array(v.string())]), '*'),
  /** How long a messaging session lasts. */
  messagingSessionSeconds: v.optional(count, 72 * 3600),
  messagesPerSecond: v.optional(count, 5),
  configuresPerMinute: v.optional(count, 60),
  connectionsPerMinute: v.optional(count, 1000),
  /** One more ends the oldest. How many Genesys allows is not published. */
  connectionsPerSession: v.optional(count, 3),
  /** What custom attributes are called in participant data: this, then their name. Reported, not published. */
  participantDataPrefix: v.optional(v.string(), 'context.'),
});
export type Settings = v.InferOutput<typeof settingsSchema>;
export type SettingsChange = Partial<Settings>;
