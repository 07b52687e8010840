import { examplesLeft } from './environments.ts';
import { type Settings, SettingsError } from './settings.ts';

/** What the command line adds to the settings of an environment. */
interface CommandLine {
  readonly closed?: string | undefined;
  readonly emergency?: string | undefined;
  readonly runbook?: string | undefined;
  /** Known as soon as the CDK has credentials. */
  readonly account?: string | undefined;
}

/** Settings as they are deployed; `emergency` takes a version over at once and asks no alarm. */
export interface DeployedSettings extends Settings {
  readonly emergency: boolean;
}

/**
 * Applies `-c closed`, `-c emergency` and `-c runbook`. What the settings close, no command line reopens.
 * @throws SettingsError for an unknown value, and for production with example values where there is an account to deploy to
 */
export const forCommandLine = (settings: Settings, given: CommandLine): DeployedSettings => {
  const flag = (name: 'closed' | 'emergency'): boolean => {
    const value = given[name] ?? 'false';
    if (value !== 'true' && value !== 'false') throw new SettingsError(`-c ${name} must be true or false.`);
    return value === 'true';
  };
  const examples = examplesLeft(settings);
  if (examples.length > 0 && settings.environment === 'production' && given.account !== undefined) {
    throw new SettingsError(
      `Environment ${settings.name} still has the examples ${examples.join(', ')}: put your own values into its file in config/ before you deploy production.`,
    );
  }
  return {
    ...settings,
    closed: settings.closed || flag('closed'),
    emergency: flag('emergency'),
    runbookUrl: given.runbook ?? settings.runbookUrl,
  };
};
