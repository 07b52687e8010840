import * as v from 'valibot';
import { awsRegionOf } from './genesys-regions.ts';
import { settingsSchema } from './settings-schema.ts';

export type SettingsInput = v.InferInput<typeof settingsSchema>;
type Given = Omit<v.InferOutput<typeof settingsSchema>, '$schema' | 'alarms'>;
export interface Settings extends Given {
  readonly name: string;
  readonly environment: string;
  readonly alarms: Required<Omit<v.InferOutput<typeof settingsSchema>['alarms'], 'maxSilentMinutes'>> & {
    readonly maxSilentMinutes?: number | undefined;
  };
  readonly throttle: { readonly ratePerSecond: number; readonly burst: number };
  readonly requestsPerAddress: number;
}

/** Batches of the overflow worker at work at once: the least that Lambda offers. */
export const workerConcurrency = 2;

/** Where nothing is reserved: the least that an AWS account allows. */
const leastConcurrency = 10;

/** Half a second a request, as the simulation has it: twice as many requests a second as containers. */
const requestsPerSecondAndContainer = 2;
const mostBurst = 5000;

/**
 * A new session costs two calls of the quota, so that a tenth of a minute's quota in five minutes is 4 % of what
 * Genesys serves: a dozen addresses together stay below half.
 */
const addressShare = 1 / 10;

const derived = (given: Given): Pick<Settings, 'throttle' | 'requestsPerAddress'> => {
  const concurrency = given.reservedConcurrency ?? leastConcurrency;
  return {
    throttle: given.throttle ?? {
      ratePerSecond: Math.min(concurrency * requestsPerSecondAndContainer, 10_000),
      burst: Math.min(concurrency, mostBurst),
    },
    requestsPerAddress:
      given.requestsPerAddress ?? Math.max(10, Math.round(given.genesysQuotaPerMinute * addressShare)),
  };
};

const regionOf = (arn: string): string | undefined => arn.split(':')[3];

const rules: readonly { readonly field: string; readonly message: string; broken(s: Settings): boolean }[] = [
  {
    field: 'allowedOrigins',
    message: 'must not be "*" in production',
    broken: ({ environment, allowedOrigins }) => environment === 'production' && allowedOrigins.includes('*'),
  },
  {
    field: 'webMessaging',
    message: 'must give deploymentId and externalSourceId for provider web-messaging',
    broken: ({ provider, webMessaging }) => provider === 'web-messaging' && webMessaging === undefined,
  },
  {
    field: 'agentView',
    message: 'goes with provider web-messaging only: with webchat-v1 the guest itself carries its attributes',
    broken: ({ agentView, provider }) => agentView !== undefined && provider !== 'web-messaging',
  },
  {
    field: 'agentView',
    message:
      'needs the stack in the AWS region of the Genesys organisation (genesysDomain): its data actions reach no other',
    broken: ({ agentView, genesysDomain, region }) =>
      agentView !== undefined && awsRegionOf[genesysDomain] !== region,
  },
  {
    field: 'existingSecretKeyArn',
    message: 'goes with existingSecret only',
    broken: ({ existingSecret, existingSecretKeyArn }) =>
      existingSecretKeyArn !== undefined && existingSecret === undefined,
  },
  {
    field: 'protect',
    message: 'goes with keepData only',
    broken: ({ protect, keepData }) => protect && !keepData,
  },
  {
    field: 'replicas',
    message: 'must be in other regions than the environment itself',
    broken: ({ region: home, replicas }) => replicas.some((replica) => replica.region === home),
  },
  {
    field: 'replicas',
    message: 'must each have a key of their own region',
    broken: ({ replicas }) => replicas.some(({ region, keyArn }) => regionOf(keyArn) !== region),
  },
  {
    field: 'customDomain.certificateArn',
    message: 'must be a certificate of the region of the environment',
    broken: ({ region, customDomain }) =>
      customDomain !== undefined && regionOf(customDomain.certificateArn) !== region,
  },
  {
    field: 'provisionedConcurrency',
    message: 'must keep min ≤ max ≤ reservedConcurrency',
    broken: ({ provisionedConcurrency: provisioned, reservedConcurrency }) =>
      provisioned !== undefined &&
      !(provisioned.min <= provisioned.max && provisioned.max <= (reservedConcurrency ?? leastConcurrency)),
  },
  {
    field: 'throttle.burst',
    message: 'must be at most the concurrency: what exceeds it finds no container',
    broken: ({ throttle, reservedConcurrency }) =>
      reservedConcurrency !== undefined && throttle.burst > reservedConcurrency,
  },
  {
    field: 'challengeRequestsPerAddress',
    message: 'must be below requestsPerAddress, where requests are blocked',
    broken: ({ challengeRequestsPerAddress: challenge, requestsPerAddress }) =>
      challenge !== undefined && challenge >= requestsPerAddress,
  },
];

/** The settings of an environment are unusable: every fault, each with its field and what is allowed. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Checks the settings of one environment and fills in the defaults.
 * @throws SettingsError that names each faulty field and the allowed values
 */
export const checkSettings = (name: string, input: unknown): Settings => {
  const parsed = v.safeParse(settingsSchema, input);
  const faults = (parsed.issues ?? []).map((issue) => {
    const field = v.getDotPath(issue) ?? 'settings';
    const unknown = issue.type === 'strict_object' && issue.expected === 'never';
    return `${field} ${unknown ? `is unknown; known are ${Object.keys(settingsSchema.entries).join(', ')}` : issue.message}`;
  });
  if (!parsed.success) throw new SettingsError(`Environment ${name}: ${faults.join('; ')}.`);
  const { $schema: _schema, ...given } = parsed.output;
  const settings = {
    ...given,
    ...derived(given),
    name,
    environment: given.environment ?? name,
  } as Settings;
  for (const rule of rules) if (rule.broken(settings)) faults.push(`${rule.field} ${rule.message}`);
  if (faults.length > 0) throw new SettingsError(`Environment ${name}: ${faults.join('; ')}.`);
  return settings;
};
