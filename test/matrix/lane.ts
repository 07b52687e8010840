import { ScanCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../lambda/aws/guest-item.ts';
import type { LambdaContainer } from '../support/lambda-container.ts';
import { type Overflow, startOverflow } from '../support/overflow.ts';
import { type Stack, secretId, startStack } from '../support/stack.ts';
import { dependencyOf, type FrontName, guestTable, subjects } from './dependencies.ts';
import { faultOf } from './faults.ts';
import type { Row } from './observation.ts';
import type { Certificates } from './wire/certificates.ts';
import { type FaultFront, startFaultFront } from './wire/fault-front.ts';

/** Settings of the functions that a run may shorten. */
export interface Budgets {
  readonly initMs: number;
  readonly resolveMs: number;
  readonly genesysMs: number;
}

/** The functions' own defaults. */
export const defaultBudgets: Budgets = { initMs: 8000, resolveMs: 4000, genesysMs: 4000 };
/** Time that Lambda gives the worker; its own budget is a second less. */
export const workerMs = 29_000;

/** Containers beside the one that the fault meets; no fault ever meets these. */
type HelperName = 'init' | 'queueing' | 'drain' | 'messaging';

const externalIdKey = Buffer.alloc(32, 9).toString('base64');
const messaging = {
  GUEST_PROVIDER: 'web-messaging',
  WEB_MESSAGING_DEPLOYMENT_ID: 'deployment-1',
  EXTERNAL_SOURCE_ID: 'source-1',
};
const helpers: Readonly<
  Record<HelperName, { bundle: 'init' | 'drain'; environment: Record<string, string> }>
> = {
  init: { bundle: 'init', environment: {} },
  queueing: { bundle: 'init', environment: {} },
  drain: { bundle: 'drain', environment: {} },
  messaging: { bundle: 'init', environment: messaging },
};

const patient = { CRM_TIMEOUT_MS: '3000' };
/** Where a table is what fails: twice the default, since what is well must not seem slow there either. */
const impatient = { CRM_TIMEOUT_MS: '1000' };

const frontNames: readonly FrontName[] = ['secrets', 'dynamodb', 'sqs', 'login', 'api'];

const environmentOf = (fronts: Readonly<Record<FrontName, FaultFront>>): Record<string, string> => ({
  AWS_ENDPOINT_URL_SECRETS_MANAGER: fronts.secrets.url,
  AWS_ENDPOINT_URL_DYNAMODB: fronts.dynamodb.url,
  AWS_ENDPOINT_URL_SQS: fronts.sqs.url,
  GENESYS_LOGIN_URL: fronts.login.url,
  GENESYS_BASE_URL: fronts.api.url,
});

/** A world of its own, in which one cell of the matrix happens after the other. */
export interface Lane {
  readonly stack: Stack;
  readonly overflow: Overflow;
  readonly fronts: Readonly<Record<'plain' | 'secure', Readonly<Record<FrontName, FaultFront>>>>;
  /** A container of the function behind the fronts. */
  container(row: Row): Promise<LambdaContainer>;
  helper(name: HelperName): Promise<LambdaContainer>;
  /** Ends the container of the row. */
  dismiss(): Promise<void>;
  /** Ends the helpers, which other functions have no use for. */
  dismissHelpers(): Promise<void>;
  /** Time passes for every container, in a moment; none of them ever sees it go back. */
  passTime(ms: number): Promise<void>;
  /** How far the lane is ahead of the machine. */
  readonly aheadMs: number;
  /** Moves the queue's clock, so that every message is visible again. */
  passQueueTime(): void;
  /** Makes all as it was before anything went wrong, but for the sessions' own entries. */
  clear(): Promise<void>;
  /** Everything in the registry's table. */
  items(): Promise<readonly Item[]>;
  close(): Promise<void>;
}

const startFronts = async (targets: Readonly<Record<FrontName, string>>, certificates?: Certificates) =>
  Object.fromEntries(
    await Promise.all(
      frontNames.map(async (name) => [name, await startFaultFront(targets[name], certificates)] as const),
    ),
  ) as Readonly<Record<FrontName, FaultFront>>;

export const startLane = async (budgets: Budgets, certificates: Certificates): Promise<Lane> => {
  let queueAheadMs = 0;
  const overflow = await startOverflow({ now: () => Date.now() + queueAheadMs });
  const stack = await startStack({ LOG_LEVEL: 'INFO', ...overflow.environment });
  stack.secrets.put(secretId, JSON.stringify({ ...stack.credentials, externalIdKey }));
  const targets = {
    secrets: stack.secrets.url,
    dynamodb: stack.dynamoDb.url,
    sqs: overflow.environment.AWS_ENDPOINT_URL_SQS,
    login: stack.genesys.url,
    api: stack.genesys.url,
  };
  const fronts = {
    plain: await startFronts(targets),
    secure: await startFronts(targets, certificates),
  };
  const settings: Readonly<Record<string, string>> = {
    INIT_BUDGET_MS: String(budgets.initMs),
    RESOLVE_BUDGET_MS: String(budgets.resolveMs),
    GENESYS_TIMEOUT_MS: String(budgets.genesysMs),
    // The clocks of containers are moved: a registration must not be given up for that.
    OVERFLOW_MAX_AGE_SECONDS: '900',
  };
  const running = new Map<HelperName, LambdaContainer>();
  let aheadMs = 0;
  let met: { readonly container: LambdaContainer; readonly skewMs: number } | undefined;

  return {
    stack,
    overflow,
    fronts,
    container: async ({ subject, dependency, fault, over }) => {
      const { skewMs = 0 } = faultOf(fault);
      const container = await stack.container(
        {
          ...settings,
          // Where the tables are well, a busy machine must not make them look slow.
          ...(dependencyOf(dependency).service === 'dynamodb' ? impatient : patient),
          ...environmentOf(fronts[over]),
          ...certificates.environment,
          ...(subject === 'resolve' || subject === 'init-web-messaging' ? messaging : {}),
          CLOCK_SHIFT_MS: String(aheadMs + skewMs),
        },
        subjects[subject].bundle,
      );
      met = { container, skewMs };
      return container;
    },
    helper: async (name) => {
      const { bundle, environment } = helpers[name];
      const container =
        running.get(name) ??
        (await stack.container(
          {
            ...settings,
            ...patient,
            ...environment,
            GENESYS_LOGIN_URL: stack.genesys.url,
            GENESYS_TIMEOUT_MS: '4000',
            CLOCK_SHIFT_MS: String(aheadMs),
          },
          bundle,
        ));
      running.set(name, container);
      return container;
    },
    passTime: async (ms) => {
      aheadMs += ms;
      await Promise.all([
        ...[...running.values()].map(async (container) => await container.shiftClock(aheadMs)),
        met?.container.shiftClock(aheadMs + met.skewMs),
      ]);
    },
    get aheadMs() {
      return aheadMs;
    },
    dismiss: async () => {
      await met?.container.stop();
      met = undefined;
    },
    dismissHelpers: async () => {
      await Promise.all([...running.values()].map(async (container) => await container.stop()));
      running.clear();
    },
    passQueueTime: () => {
      queueAheadMs += 24 * 3_600_000;
    },
    clear: async () => {
      const all = [...Object.values(fronts.plain), ...Object.values(fronts.secure)];
      await Promise.all(all.map(async (front) => await front.end()));
      for (const front of all) front.clear();
      stack.genesys.control.clearFaults();
      stack.genesys.control.clearCalls();
      overflow.purge();
      await stack.forgetToken();
    },
    items: async () => {
      const { Items: items = [] } = await stack.client.send(
        new ScanCommand({ TableName: guestTable, ConsistentRead: true }),
      );
      return items;
    },
    close: async () => {
      await stack.stop();
      await overflow.close();
      const all = [...Object.values(fronts.plain), ...Object.values(fronts.secure)];
      await Promise.all(all.map(async (front) => await front.close()));
    },
  };
};
