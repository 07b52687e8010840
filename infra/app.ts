import { App } from 'aws-cdk-lib';
import { settingsOf } from './environments.ts';
import { createGuestApp } from './guest-app.ts';
import { SettingsError } from './settings.ts';

/** Entry of the CDK command line: `npx cdk synth -c env=<name>`, with `-c closed=true` as the kill switch. */
const context = new App().node;

try {
  const settings = settingsOf(context.tryGetContext('env'));
  const closed = context.tryGetContext('closed');
  createGuestApp(
    closed === undefined ? settings : { ...settings, closed: String(closed) === 'true' },
  ).app.synth();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
