import type { ProviderName } from '../lambda/config.ts';
import { optionalVariables, type VariableName } from '../lambda/env.ts';
import { demoAttributeMap, demoExposedAttributes } from './demo-visitors.ts';
import { localCredentials, localRegion } from './embedded-dynamodb.ts';

export const tables = { crm: 'crm', guests: 'guests' } as const;
export const secretId = 'local/genesys';
export const queueNames = { overflow: 'overflow', deadLetters: 'overflow-dead-letters' } as const;
export const externalSourceId = '9e2b0f30-5a3c-4a7e-8f5d-0c1d2e3f4a5b';
export const messagingDeploymentId = '5b7e2c1d-4f3a-4e6b-9c8d-7a6b5c4d3e2f';
/** Of the function `resolve`, for the data action that invokes it. */
export const resolveArn = `arn:aws:lambda:${localRegion}:000000000000:function:resolve`;
export const clientCredentials = { clientId: 'local-client', clientSecret: 'local-client-secret' } as const;

/** The secret of the local stack. Its keys are public and worth nothing: nothing real is behind them. */
export const localSecret = JSON.stringify({
  ...clientCredentials,
  sessionSigningKeys: [Buffer.from('the signing key of the local stack only').toString('base64')],
  externalIdKey: Buffer.from('the external id key of the local stack only').toString('base64'),
});

export interface Endpoints {
  readonly dynamodb: string;
  readonly secretsManager: string;
  readonly sqs: string;
  readonly genesys: string;
}

/** Which settings a person may change by their own environment variables; the rest belongs to the stack. */
const ownedByStack: ReadonlySet<VariableName> = new Set([
  'GUEST_PROVIDER',
  'GENESYS_BASE_URL',
  'GENESYS_LOGIN_URL',
  'OVERFLOW_QUEUE_URL',
]);

/** An old Node is named once, by the bootstrap; the SDK would say it again in every thread, in nine lines. */
export const quietSdk = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' } as const;

/** Settings that the stack has a value for, and a person may have another one. */
const adjustable: readonly VariableName[] = [...optionalVariables, 'ALLOWED_ORIGINS'];

/** The settings of the function that are set in an environment, such as `REQUIRE_SIGNED_SESSION=true npm start`. */
export const settingsFrom = (
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> =>
  Object.fromEntries(
    adjustable.flatMap((name) => {
      const value = environment[name];
      return value === undefined || ownedByStack.has(name) ? [] : [[name, value]];
    }),
  );

/**
 * The stack's own page always may; beside it the origins that were asked for. Without any, every origin: the page
 * under development has a port of its own, and nothing real is behind the local stack.
 */
const allowedOrigins = (
  own: readonly string[],
  { ALLOWED_ORIGINS: asked, ENVIRONMENT }: Readonly<Record<string, string>>,
): string => {
  if (asked === '*' || (asked === undefined && ENVIRONMENT !== 'production')) return '*';
  return [...own, ...(asked === undefined ? [] : [asked])].join(',');
};

/** Origins that may open the WebSocket of Web Messaging: the same, but every port of this machine instead of all. */
export const messagingOrigins = (
  own: readonly string[],
  settings: Readonly<Record<string, string>>,
): '*' | 'loopback' | string[] => {
  if (settings['ALLOWED_ORIGINS'] === '*') return '*';
  const allowed = allowedOrigins(own, settings);
  return allowed === '*' ? 'loopback' : allowed.split(',');
};

/** The whole environment of the functions in the local stack. */
export const functionEnvironment = ({
  endpoints,
  origins,
  provider,
  queueUrl,
  settings,
}: {
  readonly endpoints: Endpoints;
  /** Of the stack's own page. */
  readonly origins: readonly string[];
  readonly provider: ProviderName;
  readonly queueUrl: string;
  readonly settings: Readonly<Record<string, string>>;
}): Record<string, string> => ({
  ENVIRONMENT: 'development',
  ATTRIBUTE_MAP: JSON.stringify(demoAttributeMap),
  EXPOSED_CRM_ATTRIBUTES: demoExposedAttributes,
  WEB_MESSAGING_DEPLOYMENT_ID: messagingDeploymentId,
  EXTERNAL_SOURCE_ID: externalSourceId,
  ...settings,
  GENESYS_SECRET_ID: secretId,
  CRM_TABLE_NAME: tables.crm,
  GUEST_TABLE_NAME: tables.guests,
  ALLOWED_ORIGINS: allowedOrigins(origins, settings),
  GUEST_PROVIDER: provider,
  GENESYS_BASE_URL: endpoints.genesys,
  GENESYS_LOGIN_URL: endpoints.genesys,
  OVERFLOW_QUEUE_URL: queueUrl,
  ...quietSdk,
  AWS_REGION: localRegion,
  AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
  AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
  AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
  AWS_ENDPOINT_URL_SQS: endpoints.sqs,
});
