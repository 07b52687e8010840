import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App, Stack } from 'aws-cdk-lib';
import type { DeployedSettings } from '../../infra/command-line.ts';
import { configFolder } from '../../infra/environments.ts';
import { addGuestStack, createApp } from '../../infra/guest-app.ts';
import { checkSettings, type SettingsInput } from '../../infra/settings.ts';

/** One resource of a template; `properties` as CloudFormation gets them. */
export interface Resource {
  readonly id: string;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation's own shapes, asserted on piece by piece
  readonly properties: any;
  readonly deletionPolicy: string | undefined;
  readonly text: string;
}

export interface SynthesisedStack {
  readonly app: App;
  readonly stack: Stack;
  readonly text: string;
  readonly outputs: Readonly<Record<string, { Value: unknown; Description: string }>>;
  all(type?: string): Resource[];
  /** The resource of that type whose logical id begins so; there must be exactly one. */
  one(type: string, idPrefix?: string): Resource;
}

/** The stacks that the checks look at. */
export interface Stacks {
  readonly dev: SynthesisedStack;
  readonly staging: SynthesisedStack;
  readonly prod: SynthesisedStack;
  /** Production with the kill switch on. */
  readonly closed: SynthesisedStack;
  /** Production with every option. */
  readonly full: SynthesisedStack;
}

const folder = mkdtempSync(join(tmpdir(), 'guest-stack-'));

/** Stand-ins for the built bundles: the template does not depend on what is in them. */
const code = { init: join(folder, 'init'), drain: join(folder, 'drain'), resolve: join(folder, 'resolve') };
for (const [name, path] of Object.entries(code)) {
  mkdirSync(path);
  writeFileSync(join(path, 'index.mjs'), `export const handler = async () => '${name}';\n`);
}

/** Removes what `synthesise` wrote. */
export const removeTemplates = (): void => rmSync(folder, { recursive: true, force: true });

type Changes = Partial<SettingsInput> & { readonly emergency?: boolean };

const withChanges = (name: string, { emergency = false, ...changes }: Changes): DeployedSettings => {
  const given = JSON.parse(readFileSync(join(configFolder, `${name}.json`), 'utf8'));
  return { ...checkSettings(name, { ...given, ...changes }), emergency };
};

let runs = 0;

/**
 * Synthesises an environment with its rule packs and CloudFormation's own schemas: a finding throws.
 * @param changes settings that differ from those of the environment
 */
export const synthesise = (
  name: string,
  changes: Changes = {},
  { check = true }: { readonly check?: boolean } = {},
): SynthesisedStack => {
  runs += 1;
  const outdir = join(folder, `out-${runs}`);
  const app = createApp({ outdir, checkSchemas: check });
  const stack = addGuestStack(app, withChanges(name, changes), code);
  app.synth({ skipValidation: !check });
  const text = readFileSync(join(outdir, stack.templateFile), 'utf8');
  const template = JSON.parse(text);
  const resources = Object.entries<Record<string, string>>(template.Resources).map(
    ([id, resource]): Resource => ({
      id,
      type: resource['Type'] ?? '',
      properties: resource['Properties'],
      deletionPolicy: resource['DeletionPolicy'],
      text: JSON.stringify(resource),
    }),
  );
  const all = (type?: string): Resource[] =>
    resources.filter((resource) => type === undefined || resource.type === type);
  return {
    app,
    stack,
    text,
    outputs: template.Outputs,
    all,
    one: (type, idPrefix = '') => {
      const found = all(type).filter(({ id }) => id.startsWith(idPrefix));
      const [only] = found;
      if (only === undefined || found.length > 1) {
        throw new Error(`${found.length} resources ${type} ${idPrefix}: ${all(type).map(({ id }) => id)}`);
      }
      return only;
    },
  };
};

/** Settings that use every option at once. */
export const everyOption: Partial<SettingsInput> = {
  account: '111122223333',
  provider: 'web-messaging',
  webMessaging: {
    deploymentId: '9f0d6f4e-2f4c-4f5c-8f5d-0c9d1c1f3a77',
    externalSourceId: '2d1b7c1e-5c5a-4c8e-9d59-0d3f4a2f9a11',
  },
  existingSecret: 'shared/genesys',
  existingSecretKeyArn: 'arn:aws:kms:eu-central-1:111122223333:key/5f1f6a53-6d0d-4a53-8c8c-8f2c1c1e7a10',
  allowedOrigins: ['https://www.example.com', 'https://shop.example.com'],
  allowedCountries: ['DE', 'AT'],
  allowedAddressRanges: ['192.0.2.0/24'],
  clientAddressHeader: 'X-Forwarded-For',
  challengeRequestsPerAddress: 20,
  protect: true,
  customDomain: {
    domainName: 'chat.example.com',
    certificateArn: 'arn:aws:acm:eu-central-1:111122223333:certificate/0d2c6c1c-4a51-44a5-bb2f-6a5c4b9a8f10',
    only: true,
    hostedZone: { id: 'Z0123456789ABCDEFGHIJ', name: 'example.com' },
  },
  replicas: [
    {
      region: 'eu-west-1',
      keyArn: 'arn:aws:kms:eu-west-1:111122223333:key/0e1f6a53-6d0d-4a53-8c8c-8f2c1c1e7a10',
    },
  ],
  genesysDomain: 'mypurecloud.de',
  agentView: { genesysOrganizationId: '3c2f8a1e-8f0d-4c0a-9a51-6d2b7c1e0f44' },
  variables: { CRM_TIMEOUT_MS: '400' },
};

/** After the switch-over to a table that DynamoDB's import from S3 has made. */
export const importedTable: Partial<SettingsInput> = {
  existingCrmTable: {
    name: 'customers-2026-11',
    keyArn: 'arn:aws:kms:eu-central-1:111122223333:key/7a1f6a53-6d0d-4a53-8c8c-8f2c1c1e7a10',
  },
};
