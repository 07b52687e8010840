import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { App, Tags, Validations } from 'aws-cdk-lib';
import {
  AwsSolutionsChecks,
  type NagPack,
  NIST80053R5Checks,
  PCIDSS321Checks,
  ServerlessChecks,
} from 'cdk-nag';
import type { DeployedSettings } from './command-line.ts';
import type { FunctionCode } from './guest-function.ts';
import { GuestStack } from './guest-stack.ts';
import { stackNameOf } from './stack-name.ts';
import { budgetTag } from './watching/cost-budget.ts';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** The code that `npm run build` makes: the very files that are deployed. */
const builtCode: FunctionCode = {
  init: fromRoot('dist/lambda/init'),
  drain: fromRoot('dist/lambda/drain'),
  resolve: fromRoot('dist/lambda/resolve'),
};

/** Feature flags as `cdk.json` sets them, so that an app made without the CLI has the same template. */
const featureFlags = (): Record<string, unknown> =>
  JSON.parse(readFileSync(fromRoot('cdk.json'), 'utf8')).context;

/** The rule packs that every template must pass. */
export const rulePacks = (app: App): NagPack[] => [
  new AwsSolutionsChecks(app),
  new ServerlessChecks(app),
  new NIST80053R5Checks(app),
  new PCIDSS321Checks(app),
];

interface AppOptions {
  readonly outdir?: string;
  /** Checks templates against CloudFormation's schemas too, where a warning is a failure: some seconds each. */
  readonly checkSchemas?: boolean;
}

/** An app without stacks; `-c name=value` of the command line is in its context. */
export const createApp = ({ outdir, checkSchemas = false }: AppOptions = {}): App =>
  new App({
    postCliContext: { ...featureFlags(), '@aws-cdk/core:strictCfnValidateErrors': checkSchemas },
    builtinCloudFormationValidation: checkSchemas,
    analyticsReporting: false,
    ...(outdir === undefined ? {} : { outdir }),
  });

/** Adds the stack of one environment, to be checked against the rule packs when the app is synthesised. */
export const addGuestStack = (
  app: App,
  settings: DeployedSettings,
  code: FunctionCode = builtCode,
): GuestStack => {
  const { account, region } = settings;
  const stack = new GuestStack(app, stackNameOf(settings.name), {
    settings,
    code,
    description: 'Guest profiles for Genesys Cloud Web Messaging',
    env: { region, ...(account === undefined ? {} : { account }) },
    terminationProtection: settings.protect,
  });
  Tags.of(app).add('service', 'guest-profiles');
  Tags.of(app).add('environment', settings.name);
  // Of this stack alone: the budget counts by it.
  Tags.of(app).add(budgetTag, settings.name);
  Validations.of(app).addPlugins(...rulePacks(app));
  return stack;
};
