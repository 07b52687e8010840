import * as v from 'valibot';
import { optionalVariables } from '../lambda/env.ts';
import { regionDomains } from '../lambda/genesys/regions.ts';

const whole = (from: number, to: number) => {
  const message = `must be a whole number from ${from} to ${to}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(from, message), v.maxValue(to, message));
};
const flag = v.boolean('must be true or false');
const oneOf = <const Values extends readonly string[]>(values: Values) =>
  v.picklist(values, `must be one of ${values.join(', ')}`);
const matching = (pattern: RegExp, message: string) =>
  v.pipe(v.string(`must be ${message}`), v.regex(pattern, `must be ${message}`));
const percent = whole(0, 100);
const region = matching(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region such as eu-central-1');
const origin = v.pipe(
  v.string('must be an origin'),
  v.check(
    // Stricter than a URL: an origin is written into templates of the gateway.
    (text) => text === '*' || (/^https?:\/\/[a-z0-9.-]+(:\d+)?$/.test(text) && new URL(text).origin === text),
    'must be "*" or an exact origin such as https://www.example.com',
  ),
);
const cidr = matching(/^([\d.]+|[\da-f:]+)\/\d{1,3}$/i, 'an address range such as 192.0.2.0/24');
const arn = (service: string) => matching(new RegExp(`^arn:aws[\\w-]*:${service}:`), `an ARN of ${service}`);

/** Log retention periods that CloudWatch knows. */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] as const;

/**
 * What one environment is. Whatever is absent has a default that suits a development environment;
 * `environments.ts` says what staging and production do otherwise.
 */
export const settingsSchema = v.strictObject({
  /** AWS account; absent: that of the credentials that deploy. */
  account: v.optional(matching(/^\d{12}$/, 'a 12-digit account id')),
  region,
  /** Data outlives the stack, and cannot be deleted by mistake. */
  keepData: v.optional(flag, false),

  /**
   * The environment's name for the function and in metrics, different from that of every other environment in the
   * account; `production` forbids origin `*`. Absent: the name that `-c env=` takes.
   */
  environment: v.optional(matching(/^[a-z][a-z0-9-]{0,30}$/, 'a short lower-case name')),
  /** Origins that may call the API. The first one also gets CORS headers on errors of the gateway itself. */
  allowedOrigins: v.pipe(
    v.array(origin, 'must be a list of origins'),
    v.minLength(1, 'must name at least one origin'),
    v.check((origins) => origins.length === 1 || !origins.includes('*'), 'must not mix "*" with origins'),
  ),
  genesysDomain: v.optional(oneOf(regionDomains), 'mypurecloud.com'),
  provider: v.optional(oneOf(['webchat-v1', 'web-messaging']), 'webchat-v1'),
  /** Needed by provider `web-messaging`. */
  webMessaging: v.optional(
    v.strictObject({ deploymentId: matching(/\S/, 'a text'), externalSourceId: matching(/\S/, 'a text') }),
  ),
  /** Name or ARN of an existing secret; absent: one is created with a placeholder. */
  existingSecret: v.optional(matching(/^[\w/+=.@:-]+$/, 'the name or ARN of a secret')),
  /**
   * A CRM table that exists already, such as one that DynamoDB's import from S3 has made; absent: one is created.
   * It stays outside the stack: its backups, encryption and deletion protection are its owner's.
   */
  existingCrmTable: v.optional(
    v.strictObject({
      name: matching(/^[\w.-]{3,255}$/, 'the name of a table'),
      /** Key that encrypts it, where that is not one of AWS's own. */
      keyArn: v.optional(arn('kms')),
    }),
  ),
  /** Key that encrypts the existing secret, where that is not the AWS managed one. */
  existingSecretKeyArn: v.optional(arn('kms')),
  initBudgetMs: v.optional(whole(1000, 25_000), 8000),
  logLevel: v.optional(oneOf(['DEBUG', 'INFO', 'WARN', 'ERROR']), 'INFO'),
  /** Any further variable of the function, by its name. */
  variables: v.optional(
    v.record(oneOf(optionalVariables), v.string('must be a text'), 'must be variables of the function'),
    {},
  ),

  /** The kill switch: every request is answered 503 at the edge, the worker stands still. */
  closed: v.optional(flag, false),
  closedRetryAfterSeconds: v.optional(whole(1, 86_400), 300),

  memoryMb: v.optional(whole(128, 10_240), 512),
  reservedConcurrency: v.optional(whole(1, 10_000), 10),
  provisionedConcurrency: v.optional(
    v.strictObject({ min: whole(1, 10_000), max: whole(1, 10_000), targetUtilisationPercent: percent }),
  ),
  /** How a new version takes over. `canary`: 10 % for five minutes, rolled back by alarms. */
  release: v.optional(oneOf(['canary', 'all-at-once']), 'all-at-once'),
  logRetentionDays: v.optional(v.picklist(retentionDays, `must be one of ${retentionDays.join(', ')}`), 14),

  /** Requests a second, and at once, that the API takes from everybody together. */
  throttle: v.optional(v.strictObject({ ratePerSecond: whole(1, 10_000), burst: whole(1, 5000) }), {
    ratePerSecond: 20,
    burst: 40,
  }),
  /** Requests that one address may make within five minutes. */
  requestsPerAddress: v.optional(whole(10, 2_000_000_000), 300),
  allowedCountries: v.optional(
    v.pipe(
      v.array(matching(/^[A-Z]{2}$/, 'a two-letter country code such as DE')),
      v.minLength(1, 'must name at least one country'),
      v.maxLength(50, 'must name at most 50 countries'),
    ),
  ),
  allowedAddressRanges: v.optional(v.pipe(v.array(cidr), v.minLength(1, 'must name at least one range'))),
  customDomain: v.optional(
    v.strictObject({
      domainName: matching(/^[a-z0-9.-]+\.[a-z]{2,}$/, 'a domain name'),
      certificateArn: arn('acm'),
      /** Route 53 zone that gets the record; absent: you make a record for the output `ApiDomainTarget`. */
      hostedZone: v.optional(
        v.strictObject({ id: matching(/^Z[A-Z0-9]+$/, 'a hosted zone id'), name: matching(/\S/, 'a name') }),
      ),
    }),
  ),
  /** Regions that hold a copy of both tables, each with a key of that region. */
  replicas: v.optional(v.array(v.strictObject({ region, keyArn: arn('kms') })), []),

  /** Who gets the alarms. */
  alarmEmails: v.optional(v.array(matching(/^\S+@\S+\.\S+$/, 'an e-mail address')), []),
  /** Where the runbook is read: the alarms link to its paragraphs. */
  runbookUrl: v.optional(matching(/^\S+$/, 'a URL or path'), 'docs/operations.md'),
  monthlyBudgetUsd: v.optional(whole(1, 1_000_000), 50),
  alarms: v.optional(
    v.strictObject({
      minSuccessPercent: percent,
      maxP95Ms: whole(1, 30_000),
      maxP99Ms: whole(1, 30_000),
      minMatchPercent: percent,
      maxDegradedPercent: percent,
      maxQuotaPercent: percent,
      maxColdStartPercent: percent,
      maxQueueAgeSeconds: whole(1, 86_400),
      /** Requests within five minutes below which no rate is judged. */
      minSamples: whole(1, 100_000),
    }),
    {
      minSuccessPercent: 95,
      maxP95Ms: 3000,
      maxP99Ms: 6000,
      minMatchPercent: 20,
      maxDegradedPercent: 5,
      maxQuotaPercent: 80,
      maxColdStartPercent: 50,
      maxQueueAgeSeconds: 90,
      minSamples: 20,
    },
  ),
});

export type SettingsInput = v.InferInput<typeof settingsSchema>;
export interface Settings extends v.InferOutput<typeof settingsSchema> {
  readonly name: string;
  readonly environment: string;
}

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
    field: 'existingSecretKeyArn',
    message: 'goes with existingSecret only',
    broken: ({ existingSecret, existingSecretKeyArn }) =>
      existingSecretKeyArn !== undefined && existingSecret === undefined,
  },
  {
    field: 'replicas',
    message: 'must be in other regions than the environment itself',
    broken: ({ region: home, replicas }) => replicas.some((replica) => replica.region === home),
  },
  {
    field: 'provisionedConcurrency',
    message: 'must keep min ≤ max ≤ reservedConcurrency',
    broken: ({ provisionedConcurrency: provisioned, reservedConcurrency }) =>
      provisioned !== undefined &&
      !(provisioned.min <= provisioned.max && provisioned.max <= reservedConcurrency),
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
  const output = parsed.output as v.InferOutput<typeof settingsSchema>;
  const settings: Settings = { ...output, name, environment: output.environment ?? name };
  if (parsed.success) {
    for (const rule of rules) if (rule.broken(settings)) faults.push(`${rule.field} ${rule.message}`);
  }
  if (faults.length > 0) {
    throw new SettingsError(`Environment ${name}: ${faults.join('; ')}.`);
  }
  return settings;
};
