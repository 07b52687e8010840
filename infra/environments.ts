import { checkSettings, type Settings, SettingsError, type SettingsInput } from './settings.ts';

/**
 * The environments, by the name that `-c env=<name>` takes. Edit these to your own; the meaning of every
 * setting and its default are in `settings.ts`. The example.com values are to be replaced.
 */
const environments: Readonly<Record<string, SettingsInput>> = {
  dev: {
    region: 'eu-central-1',
    allowedOrigins: ['http://localhost:3000', 'https://dev.example.com'],
    logLevel: 'DEBUG',
  },
  staging: {
    region: 'eu-central-1',
    allowedOrigins: ['https://staging.example.com'],
    memoryMb: 1024,
    reservedConcurrency: 50,
    release: 'canary',
    logRetentionDays: 30,
    throttle: { ratePerSecond: 50, burst: 100 },
    alarmEmails: ['operations@example.com'],
    monthlyBudgetUsd: 100,
  },
  prod: {
    region: 'eu-central-1',
    environment: 'production',
    allowedOrigins: ['https://www.example.com'],
    keepData: true,
    // One full vCPU, since start-up is bound by CPU. Not measured on AWS.
    memoryMb: 1769,
    reservedConcurrency: 200,
    provisionedConcurrency: { min: 2, max: 50, targetUtilisationPercent: 70 },
    release: 'canary',
    logRetentionDays: 90,
    throttle: { ratePerSecond: 200, burst: 400 },
    requestsPerAddress: 300,
    alarmEmails: ['operations@example.com'],
    monthlyBudgetUsd: 500,
    alarms: {
      minSuccessPercent: 99,
      maxP95Ms: 2000,
      maxP99Ms: 5000,
      minMatchPercent: 40,
      maxDegradedPercent: 1,
      maxQuotaPercent: 80,
      maxColdStartPercent: 20,
      maxQueueAgeSeconds: 90,
      minSamples: 50,
    },
  },
};

export const environmentNames: readonly string[] = Object.keys(environments);

/**
 * Settings of a named environment, checked and complete.
 * @throws SettingsError for an unknown environment (it lists the known ones) and for faulty settings
 */
export const settingsOf = (name: string | undefined): Settings => {
  const input = name === undefined || !Object.hasOwn(environments, name) ? undefined : environments[name];
  if (name === undefined || input === undefined) {
    const what = name === undefined ? 'No environment was named' : `Environment ${name} is not known`;
    throw new SettingsError(`${what}; use -c env=<name> with one of ${environmentNames.join(', ')}.`);
  }
  return checkSettings(name, input);
};
