import type { FrontName } from './dependencies.ts';
import { dependencyOf } from './dependencies.ts';
import type { Row } from './observation.ts';
import type { FaultFront } from './wire/fault-front.ts';

/** Settings of the functions that a run may shorten. */
export interface Budgets {
  readonly initMs: number;
  readonly resolveMs: number;
  readonly genesysMs: number;
}

/** The functions' own defaults. */
export const defaultBudgets: Budgets = { initMs: 8000, resolveMs: 4000, genesysMs: 4000 };
/** Time that Lambda gives the worker; its own budget is a second less. */
const workerMs = 29_000;

const patient = { CRM_TIMEOUT_MS: '3000' };
/** Where a table fails: a little above the default, since what is well must not seem slow there either. */
const impatient = { CRM_TIMEOUT_MS: '700' };

/** Containers beside the one that the fault meets; no fault ever meets these. */
export type HelperName = 'init' | 'queueing' | 'drain' | 'messaging';

export const externalIdKey = Buffer.alloc(32, 9).toString('base64');
const messaging = {
  GUEST_PROVIDER: 'web-messaging',
  WEB_MESSAGING_DEPLOYMENT_ID: 'deployment-1',
  EXTERNAL_SOURCE_ID: 'source-1',
};
export const helpers: Readonly<
  Record<HelperName, { bundle: 'init' | 'drain'; environment: Record<string, string> }>
> = {
  init: { bundle: 'init', environment: patient },
  queueing: { bundle: 'init', environment: patient },
  drain: { bundle: 'drain', environment: patient },
  messaging: { bundle: 'init', environment: { ...patient, ...messaging } },
};

/** What every function of a run is set to. */
export const settingsOf = (budgets: Budgets): Readonly<Record<string, string>> => ({
  INIT_BUDGET_MS: String(budgets.initMs),
  RESOLVE_BUDGET_MS: String(budgets.resolveMs),
  GENESYS_TIMEOUT_MS: String(budgets.genesysMs),
  // The clocks of containers are moved: a registration must not be given up for that.
  OVERFLOW_MAX_AGE_SECONDS: '900',
});

/** What the container of a row is set to besides. */
export const rowSettings = (
  { subject, dependency }: Row,
  fronts: Readonly<Record<FrontName, FaultFront>>,
): Readonly<Record<string, string>> => ({
  // Where the tables are well, a busy machine must not make them look slow.
  ...(dependencyOf(dependency).service === 'dynamodb' ? impatient : patient),
  ...(subject === 'resolve' || subject === 'init-web-messaging' ? messaging : {}),
  AWS_ENDPOINT_URL_SECRETS_MANAGER: fronts.secrets.url,
  AWS_ENDPOINT_URL_DYNAMODB: fronts.dynamodb.url,
  AWS_ENDPOINT_URL_SQS: fronts.sqs.url,
  GENESYS_LOGIN_URL: fronts.login.url,
  GENESYS_BASE_URL: fronts.api.url,
});

/** How long a function may take. */
export const budgetOf = ({ subject }: Row, budgets: Budgets): number => {
  if (subject === 'drain') return workerMs - 1000;
  return subject === 'resolve' ? budgets.resolveMs : budgets.initMs;
};
