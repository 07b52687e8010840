import type { FunctionEnvironment, VariableName } from '../lambda/env.ts';
import type { Settings } from './settings.ts';

/** Names of the resources that the functions work with; tokens at synthesis. */
export interface FunctionResources {
  readonly secretId: string;
  readonly crmTableName: string;
  readonly guestTableName: string;
  readonly overflowQueueUrl: string;
}

/** `https://api.<domain>`, and where the provider logs in: the default of the function's own configuration. */
export const genesysUrls = ({
  genesysDomain,
  provider,
  variables,
}: Pick<Settings, 'genesysDomain' | 'provider' | 'variables'>): { base: string; login: string } => {
  const base = variables.GENESYS_BASE_URL ?? `https://api.${genesysDomain}`;
  const login =
    variables.GENESYS_LOGIN_URL ?? (provider === 'webchat-v1' ? base : `https://login.${genesysDomain}`);
  return { base, login };
};

/** The environment of every function; `settings.variables` holds only names without a setting of their own. */
export const functionEnvironment = (
  settings: Settings,
  resources: FunctionResources,
): FunctionEnvironment => {
  const { webMessaging } = settings;
  const urls = genesysUrls(settings);
  const given: Partial<Record<VariableName, string | undefined>> = settings.variables;
  return {
    GENESYS_SECRET_ID: resources.secretId,
    CRM_TABLE_NAME: resources.crmTableName,
    GUEST_TABLE_NAME: resources.guestTableName,
    OVERFLOW_QUEUE_URL: resources.overflowQueueUrl,
    ENVIRONMENT: settings.environment,
    ALLOWED_ORIGINS: settings.allowedOrigins.join(','),
    GUEST_PROVIDER: settings.provider,
    GENESYS_BASE_URL: urls.base,
    GENESYS_LOGIN_URL: urls.login,
    INIT_BUDGET_MS: String(settings.initBudgetMs),
    LOG_LEVEL: settings.logLevel,
    ...(webMessaging === undefined
      ? {}
      : {
          WEB_MESSAGING_DEPLOYMENT_ID: webMessaging.deploymentId,
          EXTERNAL_SOURCE_ID: webMessaging.externalSourceId,
        }),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  };
};
