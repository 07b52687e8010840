import type { ProviderName } from '../lambda/config.ts';
import { optionalVariables, type VariableName } from '../lambda/env.ts';
import { demoAttributeMap, demoExposedAttributes } from './demo-visitors.ts';
import { localCredentials, localRegion } from './embedded-dynamodb.ts';

export const tables = { crm: 'crm', guests: 'guests' } as const;
export const secretId = 'local/genesys';
export const queueNames = { overflow: 'overflow', deadLetters: 'overflow-dead-letters' } as const;
export const externalSourceId = '9e2b0f30-5a3c-4a7e-8f5d-0c1d2e3f4a5b';
export const clientCredentials = { clientId: 'local-client', clientSecret: 'local-client-secret' } as const;

/** The secret of the local stack. Its keys are public and worth nothing: nothing real is behind them. */
export const localSecret = JSON.stringify({
  ...clientCredentials,
  sessionSigningKeys: [Buffer.from('local session signing key').toString('base64')],
  externalIdKey: Buffer.from('local external id key').toString('base64'),
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

/** The settings of the function that are set in an environment, such as `REQUIRE_SIGNED_SESSION=true npm start`. */
export const settingsFrom = (
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> =>
  Object.fromEntries(
    [...optionalVariables, 'ALLOWED_ORIGINS' as const].flatMap((name) => {
      const value = environment[name];
      return value === undefined || ownedByStack.has(name) ? [] : [[name, value]];
    }),
  );

/** The page's own origins, and those that a person names. */
const allowedOrigins = (own: readonly string[], wanted: string | undefined): string =>
  wanted?.trim() === '*' ? '*' : [...own, ...(wanted === undefined ? [] : [wanted])].join(',');

/** The whole environment of the functions in the local stack. */
export const functionEnvironment = ({
  endpoints,
  origins,
  provider,
  queueUrl,
  settings,
}: {
  readonly endpoints: Endpoints;
  readonly origins: readonly string[];
  readonly provider: ProviderName;
  readonly queueUrl: string;
  readonly settings: Readonly<Record<string, string>>;
}): Record<string, string> => ({
  ENVIRONMENT: 'development',
  ATTRIBUTE_MAP: JSON.stringify(demoAttributeMap),
  EXPOSED_CRM_ATTRIBUTES: demoExposedAttributes,
  WEB_MESSAGING_DEPLOYMENT_ID: '5b7e2c1d-4f3a-4e6b-9c8d-7a6b5c4d3e2f',
  EXTERNAL_SOURCE_ID: externalSourceId,
  ...settings,
  GENESYS_SECRET_ID: secretId,
  CRM_TABLE_NAME: tables.crm,
  GUEST_TABLE_NAME: tables.guests,
  ALLOWED_ORIGINS: allowedOrigins(origins, settings['ALLOWED_ORIGINS']),
  GUEST_PROVIDER: provider,
  GENESYS_BASE_URL: endpoints.genesys,
  GENESYS_LOGIN_URL: endpoints.genesys,
  OVERFLOW_QUEUE_URL: queueUrl,
  AWS_REGION: localRegion,
  AWS_ACCESS_KEY_ID: localCredentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: localCredentials.secretAccessKey,
  AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
  AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
  AWS_ENDPOINT_URL_SQS: endpoints.sqs,
});
