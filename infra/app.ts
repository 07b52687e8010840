import { resolve } from 'node:path';
import { Annotations } from 'aws-cdk-lib';
import { forCommandLine } from './command-line.ts';
import { configFolder, examplesLeft, settingsOf } from './environments.ts';
import { addGuestStack, createApp } from './guest-app.ts';
import { SettingsError } from './settings.ts';

/** Entry of the CDK command line: `npx cdk synth -c env=<name>`; what else `-c` takes is in `docs/operations.md`. */
const app = createApp();
const context = (name: string): string | undefined => app.node.tryGetContext(name)?.toString();

try {
  const folder = context('config');
  const settings = settingsOf(context('env'), folder === undefined ? configFolder : resolve(folder));
  const examples = examplesLeft(settings);
  const stack = addGuestStack(
    app,
    forCommandLine(settings, {
      closed: context('closed'),
      emergency: context('emergency'),
      runbook: context('runbook'),
      account: process.env['CDK_DEFAULT_ACCOUNT'],
    }),
  );
  if (examples.length > 0) {
    Annotations.of(stack).addWarningV2(
      'guest-profiles:examples',
      `config/${settings.name}.json still has the examples ${examples.join(', ')}.`,
    );
  }
  app.synth();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exit(1);
}
