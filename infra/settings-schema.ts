import { isIPv4 } from 'node:net';
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
const between = (from: number, to: number) => {
  const message = `must be a number from ${from} to ${to}`;
  return v.pipe(v.number(message), v.minValue(from, message), v.maxValue(to, message));
};
const percent = between(0, 100);
const text = matching(/\S/, 'a text');
const region = matching(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region such as eu-central-1');
const arn = (service: string) =>
  matching(new RegExp(`^arn:aws[\\w-]*:${service}:[\\w-]*:`), `an ARN of ${service}`);
const email = matching(/^\S+@\S+\.\S+$/, 'an e-mail address');

const origin = v.pipe(
  v.string('must be an origin'),
  v.check(
    // Stricter than a URL: an origin is written into templates of the gateway.
    (value) =>
      value === '*' || (/^https?:\/\/[a-z0-9.-]+(:\d+)?$/.test(value) && new URL(value).origin === value),
    'must be "*" or an exact origin such as https://www.example.com',
  ),
);

/** Of IPv4 only, since that is how the API is reached; a range of everybody is none. */
const cidr = v.pipe(
  v.string('must be an address range such as 192.0.2.0/24'),
  v.check((range) => {
    const [address = '', bits = ''] = range.split('/');
    return isIPv4(address) && /^([1-9]|[12]\d|3[0-2])$/.test(bits);
  }, 'must be an IPv4 address range from /1 to /32 such as 192.0.2.0/24'),
);

/** A table that exists already: its backups, encryption and deletion protection are its owner's. */
const existingTable = v.strictObject({
  name: matching(/^[\w.-]{3,255}$/, 'the name of a table'),
  /** Key that encrypts it, where that is not one of AWS's own. */
  keyArn: v.optional(arn('kms')),
});

/** Log retention periods that CloudWatch knows. */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] as const;

/** Variables that follow from a setting: set twice, alarms would watch dimensions that nobody writes. */
const variablesWithSetting = new Set<string>([
  'ENVIRONMENT',
  'GUEST_PROVIDER',
  'GENESYS_REGION',
  'OVERFLOW_QUEUE_URL',
  'INIT_BUDGET_MS',
  'WEB_MESSAGING_DEPLOYMENT_ID',
  'EXTERNAL_SOURCE_ID',
  'LOG_LEVEL',
]);
const freeVariables = optionalVariables.filter((name) => !variablesWithSetting.has(name));

const alarms = v.strictObject({
  minSuccessPercent: v.optional(between(94, 99.99), 95),
  maxP95Ms: v.optional(whole(1, 30_000), 3000),
  minMatchPercent: v.optional(percent, 20),
  maxDegradedPercent: v.optional(percent, 5),
  maxRefusedPercent: v.optional(percent, 50),
  maxBlockedPercent: v.optional(percent, 25),
  maxQuotaPercent: v.optional(percent, 80),
  maxQueueAgeSeconds: v.optional(whole(1, 86_400), 90),
  maxSilentMinutes: v.optional(whole(5, 1440)),
  minSamples: v.optional(whole(1, 100_000), 20),
});

/**
 * What one environment is: a file of its own in `config/`. Whatever is absent has a default that suits a
 * development environment. What each setting means stands in `setting-meanings.ts`, for editors too.
 */
export const settingsSchema = v.strictObject({
  $schema: v.optional(v.string()),
  account: v.optional(matching(/^\d{12}$/, 'a 12-digit account id')),
  region,
  keepData: v.optional(flag, false),
  protect: v.optional(flag, false),

  environment: v.optional(matching(/^[a-z][a-z0-9-]{0,30}$/, 'a short lower-case name')),
  allowedOrigins: v.pipe(
    v.array(origin, 'must be a list of origins'),
    v.minLength(1, 'must name at least one origin'),
    v.check((origins) => origins.length === 1 || !origins.includes('*'), 'must not mix "*" with origins'),
  ),
  genesysDomain: v.optional(oneOf(regionDomains), 'mypurecloud.com'),
  genesysQuotaPerMinute: v.optional(whole(10, 1_000_000), 300),
  provider: v.optional(oneOf(['webchat-v1', 'web-messaging']), 'webchat-v1'),
  webMessaging: v.optional(v.strictObject({ deploymentId: text, externalSourceId: text })),
  existingSecret: v.optional(matching(/^[\w/+=.@:-]+$/, 'the name or ARN of a secret')),
  existingSecretKeyArn: v.optional(arn('kms')),
  existingCrmTable: v.optional(existingTable),
  existingGuestTable: v.optional(existingTable),
  agentView: v.optional(
    v.strictObject({
      genesysOrganizationId: matching(
        /^[\da-fA-F]{8}(-[\da-fA-F]{4}){3}-[\da-fA-F]{12}$/,
        'the id of the organisation',
      ),
      genesysAwsAccountId: v.optional(matching(/^\d{12}$/, 'a 12-digit account id')),
    }),
  ),
  requireKeyedHashes: v.optional(flag, false),
  initBudgetMs: v.optional(whole(1000, 25_000), 8000),
  logLevel: v.optional(oneOf(['DEBUG', 'INFO', 'WARN', 'ERROR']), 'INFO'),
  variables: v.optional(
    v.record(
      v.picklist(
        freeVariables,
        `must be one of ${freeVariables.join(', ')}; other variables follow from settings of their own`,
      ),
      v.string('must be a text'),
      'must be variables of the function',
    ),
    {},
  ),

  closed: v.optional(flag, false),
  closedRetryAfterSeconds: v.optional(whole(1, 86_400), 300),

  memoryMb: v.optional(whole(128, 10_240), 512),
  reservedConcurrency: v.optional(whole(1, 10_000)),
  provisionedConcurrency: v.optional(
    v.strictObject({ min: whole(1, 10_000), max: whole(1, 10_000), targetUtilisationPercent: whole(10, 90) }),
  ),
  release: v.optional(oneOf(['canary', 'all-at-once']), 'all-at-once'),
  logRetentionDays: v.optional(v.picklist(retentionDays, `must be one of ${retentionDays.join(', ')}`), 14),

  throttle: v.optional(v.strictObject({ ratePerSecond: whole(1, 10_000), burst: whole(1, 5000) })),
  requestsPerAddress: v.optional(whole(10, 2_000_000_000)),
  challengeRequestsPerAddress: v.optional(whole(10, 2_000_000_000)),
  clientAddressHeader: v.optional(matching(/^[\w-]+$/, 'the name of a header')),
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
      hostedZone: v.optional(
        v.strictObject({ id: matching(/^Z[A-Z0-9]+$/, 'a hosted zone id'), name: text }),
      ),
      only: v.optional(flag, false),
    }),
  ),
  replicas: v.optional(v.array(v.strictObject({ region, keyArn: arn('kms') })), []),

  pageEmails: v.optional(v.array(email), []),
  ticketEmails: v.optional(v.array(email), []),
  runbookUrl: v.optional(v.pipe(v.string('must be a URL'), v.url('must be a URL'))),
  monthlyBudgetUsd: v.optional(whole(1, 1_000_000), 50),
  alarms: v.optional(alarms, {}),
});
