import { settingsOf } from './environments.ts';
import { addGuestStack, createApp } from './guest-app.ts';
import { SettingsError } from './settings.ts';

/** Entry of the CDK command line: `npx cdk synth -c env=<name>`, with `-c closed=true` as the kill switch. */
const app = createApp();

try {
  const settings = settingsOf(app.node.tryGetContext('env'));
  const closed = app.node.tryGetContext('closed') ?? settings.closed;
  addGuestStack(app, { ...settings, closed: String(closed) === 'true' });
  app.synth();
} catch (error) {
  if (!(error instanceof SettingsError)) throw error;
  console.error(error.message);
  process.exit(1);
}
