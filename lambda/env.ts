/**
 * Names of the environment variables of all functions. No imports: the stack reads this file too.
 * Meaning and defaults: the configuration table of the README, and `config.ts`.
 */
export const requiredVariables = [
  'GENESYS_SECRET_ID',
  'CRM_TABLE_NAME',
  'GUEST_TABLE_NAME',
  'ALLOWED_ORIGINS',
] as const;

export const optionalVariables = [
  'ENVIRONMENT',
  'GUEST_PROVIDER',
  'GENESYS_REGION',
  'GENESYS_BASE_URL',
  'GENESYS_LOGIN_URL',
  'OVERFLOW_QUEUE_URL',
  'OVERFLOW_MAX_AGE_SECONDS',
  'EXPOSED_CRM_ATTRIBUTES',
  'ATTRIBUTE_MAP',
  'INTEGRATION_SOURCE',
  'ANONYMOUS_EMAIL_DOMAIN',
  'REQUIRE_EXPLICIT_CONSENT',
  'REQUIRE_SIGNED_SESSION',
  'SESSION_VERIFICATION',
  'SESSION_TOKEN_AUDIENCE',
  'INIT_BUDGET_MS',
  'RESOLVE_BUDGET_MS',
  'CRM_TIMEOUT_MS',
  'GENESYS_TIMEOUT_MS',
  'GUEST_TTL_SECONDS',
  'WEB_MESSAGING_DEPLOYMENT_ID',
  'EXTERNAL_SOURCE_ID',
  'LOG_LEVEL',
] as const;

export type RequiredVariable = (typeof requiredVariables)[number];
export type VariableName = RequiredVariable | (typeof optionalVariables)[number];

/** Environment of a function as the stack sets it: every required name, any optional one. */
export type FunctionEnvironment = Record<RequiredVariable, string> & Partial<Record<VariableName, string>>;
