import { closest } from 'fastest-levenshtein';
import * as v from 'valibot';
import { resolvedFields } from './data-action/resolved-fields.ts';
import { requiredVariables, type VariableName } from './env.ts';
import { isRegionDomain, regionDomains } from './genesys/regions.ts';
import type { AttributeMap } from './guest/profile.ts';

const providerNames = ['webchat-v1', 'web-messaging'] as const;
export type ProviderName = (typeof providerNames)[number];

const sessionVerifications = ['off', 'optional', 'required'] as const;
export type SessionVerification = (typeof sessionVerifications)[number];

export interface WebMessagingConfig {
  readonly deploymentId: string;
  readonly externalSourceId: string;
  /** Such as wss://webmessaging.mypurecloud.de. */
  readonly websocketBaseUrl: string;
}

/** The validated configuration of a function. Durations carry their unit in the name. */
export interface Config {
  readonly genesysSecretId: string;
  readonly crmTableName: string;
  readonly guestTableName: string;
  readonly environment: string;
  readonly allowedOrigins: '*' | ReadonlySet<string>;
  readonly provider: ProviderName;
  readonly genesysBaseUrl: string;
  readonly genesysLoginUrl: string;
  readonly overflowQueueUrl: string | undefined;
  readonly overflowMaxAgeSeconds: number;
  readonly exposedCrmAttributes: readonly string[];
  readonly attributeMap: AttributeMap;
  readonly integrationSource: string;
  readonly anonymousEmailDomain: string;
  readonly requireExplicitConsent: boolean;
  readonly sessionVerification: SessionVerification;
  /** Audience of session tokens. */
  readonly sessionTokenAudience: string;
  readonly initBudgetMs: number;
  readonly resolveBudgetMs: number;
  readonly crmTimeoutMs: number;
  readonly genesysTimeoutMs: number;
  readonly guestTtlSeconds: number;
  /** Present for provider `web-messaging`. */
  readonly webMessaging: WebMessagingConfig | undefined;
  readonly logLevel: LogLevel;
}

const logLevels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'SILENT', 'CRITICAL'] as const;
type LogLevel = (typeof logLevels)[number];

/** The configuration is unusable. Names every fault and no value: it reaches logs. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly faults: readonly { readonly name: string; readonly message: string }[]) {
    super(`Invalid configuration: ${faults.map(({ name, message }) => `${name} ${message}`).join('; ')}`);
    // The runtime reports a failed start by the name of the class, which the bundler shortens.
    Object.defineProperty(new.target, 'name', { value: this.name });
  }
}

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);

const parseUrl = (text: string): URL | undefined => (URL.canParse(text) ? new URL(text) : undefined);

const text = v.pipe(v.string('is required'), v.trim(), v.minLength(1, 'is required'));
const flag = v.pipe(
  v.optional(v.picklist(['true', 'false'], 'must be "true" or "false"'), 'false'),
  v.transform((value) => value === 'true'),
);
const count = (fallback: number) =>
  v.pipe(
    v.optional(v.string(), String(fallback)),
    v.regex(/^\d{1,9}$/, 'must be a whole number of at least 1'),
    v.transform(Number),
    v.minValue(1, 'must be a whole number of at least 1'),
  );
const baseUrl = v.pipe(
  text,
  v.check((value) => {
    const url = parseUrl(value);
    return (
      url !== undefined &&
      (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) &&
      `${url.username}${url.password}${url.search}${url.hash}` === ''
    );
  }, 'must be an https URL (http for loopback only)'),
  v.transform((value) => value.replace(/\/+$/, '')),
);
const list = (value: string): readonly string[] =>
  value
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
const origins = v.pipe(
  text,
  v.check(
    (value) =>
      value === '*' ||
      (list(value).length > 0 && list(value).every((origin) => parseUrl(origin)?.origin === origin)),
    'must be "*" or a comma-separated list of exact origins such as https://www.example.com',
  ),
  v.transform((value): '*' | ReadonlySet<string> => (value === '*' ? '*' : new Set(list(value)))),
);
const attributeMap = v.pipe(
  v.optional(v.string(), '{"crmTier":"tier","historicalTickets":"previousTickets"}'),
  v.rawTransform(({ dataset, addIssue, NEVER }): AttributeMap => {
    try {
      const map: unknown = JSON.parse(dataset.value);
      const isMap = v.is(v.record(v.string(), v.pipe(v.string(), v.minLength(1))), map);
      if (isMap && !Array.isArray(map)) return Object.freeze(map);
    } catch {
      // Falls through to the issue below: the parser's own message would repeat the value.
    }
    addIssue({ message: 'must be a JSON object of Genesys attribute names to CRM attribute names' });
    return NEVER;
  }),
);

const region = v.pipe(
  text,
  v.toLowerCase(),
  v.check(
    (value) => isRegionDomain(value),
    ({ input }) =>
      `must be the domain of a Genesys Cloud region; did you mean ${closest(input, regionDomains)}?`,
  ),
);

const schema = v.object({
  GENESYS_SECRET_ID: text,
  CRM_TABLE_NAME: text,
  GUEST_TABLE_NAME: text,
  ENVIRONMENT: v.optional(text, 'development'),
  ALLOWED_ORIGINS: origins,
  GUEST_PROVIDER: v.optional(
    v.picklist(providerNames, 'must be "webchat-v1" or "web-messaging"'),
    'webchat-v1',
  ),
  GENESYS_REGION: v.optional(region),
  GENESYS_BASE_URL: v.optional(baseUrl),
  GENESYS_LOGIN_URL: v.optional(baseUrl),
  OVERFLOW_QUEUE_URL: v.optional(baseUrl),
  OVERFLOW_MAX_AGE_SECONDS: count(120),
  EXPOSED_CRM_ATTRIBUTES: v.pipe(v.optional(v.string(), 'firstName,tier,previousTickets'), v.transform(list)),
  ATTRIBUTE_MAP: attributeMap,
  INTEGRATION_SOURCE: v.optional(text, 'node-middleware-v1'),
  ANONYMOUS_EMAIL_DOMAIN: v.optional(
    v.pipe(text, v.regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, 'must be a domain name')),
    'temp.com',
  ),
  REQUIRE_EXPLICIT_CONSENT: flag,
  REQUIRE_SIGNED_SESSION: flag,
  SESSION_VERIFICATION: v.optional(
    v.picklist(sessionVerifications, 'must be "off", "optional" or "required"'),
  ),
  SESSION_TOKEN_AUDIENCE: v.optional(text),
  INIT_BUDGET_MS: count(8000),
  RESOLVE_BUDGET_MS: count(4000),
  CRM_TIMEOUT_MS: count(500),
  GENESYS_TIMEOUT_MS: count(4000),
  GUEST_TTL_SECONDS: count(86_400),
  WEB_MESSAGING_DEPLOYMENT_ID: v.optional(text),
  EXTERNAL_SOURCE_ID: v.optional(text),
  LOG_LEVEL: v.optional(
    v.pipe(v.string(), v.toUpperCase(), v.picklist(logLevels, `must be one of ${logLevels.join(', ')}`)),
    'INFO',
  ),
} satisfies Record<VariableName, unknown>);

/** Domain of a Genesys Cloud region, from the API host: `api.mypurecloud.de` → `mypurecloud.de`. */
export const regionDomain = (genesysBaseUrl: string): string =>
  new URL(genesysBaseUrl).host.replace(/^api\./, '');

interface GenesysHosts {
  readonly genesysBaseUrl: string;
  readonly genesysLoginUrl: string;
  readonly websocketBaseUrl: string;
}

/** The hosts of a region, unless the two URLs say otherwise. A simulator on loopback has one host for all. */
const genesysHosts = (
  provider: ProviderName,
  domain: string | undefined,
  baseUrl: string | undefined,
  loginUrl: string | undefined,
): GenesysHosts => {
  const genesysBaseUrl = baseUrl ?? `https://api.${domain ?? 'mypurecloud.com'}`;
  const loopback = genesysBaseUrl.startsWith('http:');
  const ownDomain = domain ?? regionDomain(genesysBaseUrl);
  const usesApiHost = domain === undefined && provider === 'webchat-v1';
  return {
    genesysBaseUrl,
    genesysLoginUrl: loginUrl ?? (usesApiHost ? genesysBaseUrl : `https://login.${ownDomain}`),
    websocketBaseUrl: loopback ? genesysBaseUrl.replace(/^http/, 'ws') : `wss://webmessaging.${ownDomain}`,
  };
};

type Fault = ConfigError['faults'][number];

/** What single values cannot show: faults between them. */
const faultsBetween = (
  values: Partial<v.InferOutput<typeof schema>>,
  present: Readonly<Record<string, string | undefined>>,
): readonly Fault[] => {
  const faults: Fault[] = [];
  if (values.ENVIRONMENT === 'production' && values.ALLOWED_ORIGINS === '*') {
    faults.push({ name: 'ALLOWED_ORIGINS', message: 'must not be "*" in production' });
  }
  const mode = values.SESSION_VERIFICATION;
  if (values.REQUIRE_SIGNED_SESSION === true && mode !== undefined && mode !== 'required') {
    faults.push({
      name: 'REQUIRE_SIGNED_SESSION',
      message: 'contradicts SESSION_VERIFICATION; leave it out',
    });
  }
  if (present['GUEST_PROVIDER'] !== 'web-messaging') return faults;
  for (const name of ['WEB_MESSAGING_DEPLOYMENT_ID', 'EXTERNAL_SOURCE_ID'] as const) {
    if (present[name] === undefined) faults.push({ name, message: 'is required by provider web-messaging' });
  }
  const taken = Object.keys(values.ATTRIBUTE_MAP ?? {}).filter((name) =>
    resolvedFields.some((field) => field === name),
  );
  if (taken.length > 0) {
    faults.push({ name: 'ATTRIBUTE_MAP', message: `must not use the fixed names ${taken.join(', ')}` });
  }
  return faults;
};

/** Names for which the empty text says something. */
const mayBeEmpty = new Set<string>(['EXPOSED_CRM_ATTRIBUTES']);

/**
 * Reads the environment of a function; an empty variable counts as absent, except where the empty text is a value.
 * @throws ConfigError naming every fault at once
 */
export const readConfig = (environment: Readonly<Record<string, string | undefined>>): Config => {
  const present = Object.fromEntries(
    Object.keys(schema.entries).flatMap((name) => {
      const value = environment[name];
      if (value === undefined || (value.trim() === '' && !mayBeEmpty.has(name))) return [];
      return [[name, value]];
    }),
  );
  const missing = requiredVariables
    .filter((name) => !(name in present))
    .map((name) => ({ name, message: 'is required' }));
  const parsed = v.safeParse(schema, present);
  const faults = [
    ...missing,
    ...(parsed.issues ?? [])
      .map((issue) => ({ name: v.getDotPath(issue) ?? 'environment', message: issue.message }))
      .filter(({ name }) => !missing.some((fault) => fault.name === name)),
  ];
  faults.push(...faultsBetween({ ...(parsed.output as Partial<v.InferOutput<typeof schema>>) }, present));
  if (faults.length > 0 || !parsed.success) throw new ConfigError(faults);

  const {
    output: { WEB_MESSAGING_DEPLOYMENT_ID: deploymentId, EXTERNAL_SOURCE_ID: externalSourceId, ...output },
  } = parsed;
  const provider = output.GUEST_PROVIDER;
  const { websocketBaseUrl, ...hosts } = genesysHosts(
    provider,
    output.GENESYS_REGION,
    output.GENESYS_BASE_URL,
    output.GENESYS_LOGIN_URL,
  );
  return Object.freeze({
    genesysSecretId: output.GENESYS_SECRET_ID,
    crmTableName: output.CRM_TABLE_NAME,
    guestTableName: output.GUEST_TABLE_NAME,
    environment: output.ENVIRONMENT,
    allowedOrigins: output.ALLOWED_ORIGINS,
    provider,
    ...hosts,
    overflowQueueUrl: output.OVERFLOW_QUEUE_URL,
    overflowMaxAgeSeconds: output.OVERFLOW_MAX_AGE_SECONDS,
    exposedCrmAttributes: output.EXPOSED_CRM_ATTRIBUTES,
    attributeMap: output.ATTRIBUTE_MAP,
    integrationSource: output.INTEGRATION_SOURCE,
    anonymousEmailDomain: output.ANONYMOUS_EMAIL_DOMAIN,
    requireExplicitConsent: output.REQUIRE_EXPLICIT_CONSENT,
    sessionVerification: output.SESSION_VERIFICATION ?? (output.REQUIRE_SIGNED_SESSION ? 'required' : 'off'),
    sessionTokenAudience: output.SESSION_TOKEN_AUDIENCE ?? `guest-profiles:${output.ENVIRONMENT}`,
    initBudgetMs: output.INIT_BUDGET_MS,
    resolveBudgetMs: output.RESOLVE_BUDGET_MS,
    crmTimeoutMs: output.CRM_TIMEOUT_MS,
    genesysTimeoutMs: output.GENESYS_TIMEOUT_MS,
    guestTtlSeconds: output.GUEST_TTL_SECONDS,
    webMessaging:
      provider === 'web-messaging' && deploymentId !== undefined && externalSourceId !== undefined
        ? { deploymentId, externalSourceId, websocketBaseUrl }
        : undefined,
    logLevel: output.LOG_LEVEL,
  });
};
