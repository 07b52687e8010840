import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConfigError, readConfig, regionDomain } from '../lambda/config.ts';
import { optionalVariables, requiredVariables } from '../lambda/env.ts';
import { regionDomains } from '../lambda/genesys/regions.ts';

const required = {
  GENESYS_SECRET_ID: 'genesys',
  CRM_TABLE_NAME: 'crm',
  GUEST_TABLE_NAME: 'guests',
  ALLOWED_ORIGINS: 'https://www.example.com, https://shop.example.com',
};

const faultsOf = (environment: Record<string, string>): string[] => {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(({ name }) => name).sort();
  }
};

describe('The configuration', () => {
  it('needs four variables and has a default for every other', () => {
    expect(readConfig(required)).toMatchObject({
      environment: 'development',
      provider: 'webchat-v1',
      genesysBaseUrl: 'https://api.mypurecloud.com',
      genesysLoginUrl: 'https://api.mypurecloud.com',
      overflowQueueUrl: undefined,
      overflowMaxAgeSeconds: 120,
      exposedCrmAttributes: ['firstName', 'tier', 'previousTickets'],
      attributeMap: { crmTier: 'tier', historicalTickets: 'previousTickets' },
      integrationSource: 'node-middleware-v1',
      anonymousEmailDomain: 'temp.com',
      requireExplicitConsent: false,
      sessionVerification: 'off',
      sessionTokenAudience: 'guest-profiles:development',
      resolveBudgetMs: 4000,
      initBudgetMs: 8000,
      crmTimeoutMs: 500,
      genesysTimeoutMs: 4000,
      guestTtlSeconds: 86_400,
      logLevel: 'INFO',
    });
    expect([...(readConfig(required).allowedOrigins as Set<string>)]).toEqual([
      'https://www.example.com',
      'https://shop.example.com',
    ]);
  });

  it('takes an empty variable for an absent one', () => {
    expect(readConfig({ ...required, CRM_TIMEOUT_MS: '', GENESYS_LOGIN_URL: ' ' })).toMatchObject({
      crmTimeoutMs: 500,
    });
    expect(faultsOf({ ...required, CRM_TABLE_NAME: ' ' })).toEqual(['CRM_TABLE_NAME']);
  });

  it('names every fault at once', () => {
    expect(faultsOf({})).toEqual([...requiredVariables].sort());
    expect(
      faultsOf({
        GENESYS_SECRET_ID: 'x',
        INIT_BUDGET_MS: '0',
        LOG_LEVEL: 'loud',
        REQUIRE_SIGNED_SESSION: 'yes',
      }),
    ).toEqual([
      'ALLOWED_ORIGINS',
      'CRM_TABLE_NAME',
      'GUEST_TABLE_NAME',
      'INIT_BUDGET_MS',
      'LOG_LEVEL',
      'REQUIRE_SIGNED_SESSION',
    ]);
  });

  it.each([
    ['ALLOWED_ORIGINS', 'https://www.example.com/'],
    ['ALLOWED_ORIGINS', 'www.example.com'],
    ['ALLOWED_ORIGINS', '*, https://www.example.com'],
    ['GENESYS_BASE_URL', 'http://api.mypurecloud.com'],
    ['GENESYS_BASE_URL', 'ftp://api.mypurecloud.com'],
    ['GENESYS_LOGIN_URL', 'https://user:pw@login.mypurecloud.com'],
    ['ATTRIBUTE_MAP', '["tier"]'],
    ['ATTRIBUTE_MAP', '{"a":1}'],
    ['ATTRIBUTE_MAP', '{'],
    ['CRM_TIMEOUT_MS', '1.5'],
    ['CRM_TIMEOUT_MS', '-1'],
    ['CRM_TIMEOUT_MS', '1e3'],
    ['GUEST_PROVIDER', 'webchat-v2'],
    ['ANONYMOUS_EMAIL_DOMAIN', 'a@b'],
    ['OVERFLOW_QUEUE_URL', 'queue'],
  ])('refuses %s=%s', (name, value) => {
    expect(faultsOf({ ...required, [name]: value })).toEqual([name]);
  });

  it('accepts http for loopback only', () => {
    for (const host of ['127.0.0.1:4000', 'localhost', '[::1]:4000']) {
      expect(readConfig({ ...required, GENESYS_BASE_URL: `http://${host}/` }).genesysBaseUrl).toBe(
        `http://${host}`,
      );
    }
  });

  it('accepts every origin in development, never in production', () => {
    expect(readConfig({ ...required, ALLOWED_ORIGINS: '*' }).allowedOrigins).toBe('*');
    expect(faultsOf({ ...required, ALLOWED_ORIGINS: '*', ENVIRONMENT: 'production' })).toEqual([
      'ALLOWED_ORIGINS',
    ]);
  });

  it('needs two more variables for provider web-messaging, and finds its login host by the region', () => {
    const webMessaging = { ...required, GUEST_PROVIDER: 'web-messaging' };
    expect(faultsOf(webMessaging)).toEqual(['EXTERNAL_SOURCE_ID', 'WEB_MESSAGING_DEPLOYMENT_ID']);
    expect(
      readConfig({
        ...webMessaging,
        EXTERNAL_SOURCE_ID: 'source',
        WEB_MESSAGING_DEPLOYMENT_ID: 'deployment',
        GENESYS_BASE_URL: 'https://api.euw2.pure.cloud',
      }),
    ).toMatchObject({
      genesysLoginUrl: 'https://login.euw2.pure.cloud',
      webMessaging: {
        deploymentId: 'deployment',
        externalSourceId: 'source',
        websocketBaseUrl: 'wss://webmessaging.euw2.pure.cloud',
      },
    });
    expect(regionDomain('https://api.mypurecloud.de')).toBe('mypurecloud.de');
  });

  it('never repeats a value, whatever is wrong', () => {
    const marker = 'zq7Marker';
    fc.assert(
      fc.property(fc.constantFrom(...optionalVariables, ...requiredVariables), fc.string(), (name, noise) => {
        try {
          readConfig({ ...required, [name]: `${marker}${noise}` });
        } catch (error) {
          expect(String(error)).not.toContain(marker);
        }
      }),
    );
  });

  it('exposes nothing where the list of exposed attributes is the empty text', () => {
    expect(readConfig({ ...required, EXPOSED_CRM_ATTRIBUTES: '' }).exposedCrmAttributes).toEqual([]);
  });

  it.each(regionDomains)('knows all hosts of the region %s', (domain) => {
    const region = {
      ...required,
      GUEST_PROVIDER: 'web-messaging',
      EXTERNAL_SOURCE_ID: 'source',
      WEB_MESSAGING_DEPLOYMENT_ID: 'deployment',
      GENESYS_REGION: domain,
    };
    expect(readConfig(region)).toMatchObject({
      genesysBaseUrl: `https://api.${domain}`,
      genesysLoginUrl: `https://login.${domain}`,
      webMessaging: { websocketBaseUrl: `wss://webmessaging.${domain}` },
    });
    expect(readConfig({ ...region, GENESYS_BASE_URL: 'https://proxy.example' })).toMatchObject({
      genesysBaseUrl: 'https://proxy.example',
      genesysLoginUrl: `https://login.${domain}`,
    });
  });

  it('names the nearest region for one that does not exist', () => {
    try {
      readConfig({ ...required, GENESYS_REGION: 'mypurecoud.de' });
      throw new Error('expected a fault');
    } catch (error) {
      expect(error).toMatchObject({
        faults: [{ name: 'GENESYS_REGION', message: expect.stringContaining('mypurecloud.de?') }],
      });
    }
  });

  it('takes the older name of required signatures, unless it contradicts the mode', () => {
    const signed = { ...required, REQUIRE_SIGNED_SESSION: 'true' };
    expect(readConfig(signed).sessionVerification).toBe('required');
    expect(readConfig({ ...signed, SESSION_VERIFICATION: 'required' }).sessionVerification).toBe('required');
    expect(faultsOf({ ...signed, SESSION_VERIFICATION: 'optional' })).toEqual(['REQUIRE_SIGNED_SESSION']);
  });

  it('refuses an attribute name that the result of resolve has for something else', () => {
    const webMessaging = {
      ...required,
      GUEST_PROVIDER: 'web-messaging',
      EXTERNAL_SOURCE_ID: 'source',
      WEB_MESSAGING_DEPLOYMENT_ID: 'deployment',
    };
    expect(faultsOf({ ...webMessaging, ATTRIBUTE_MAP: '{"verified":"tier"}' })).toEqual(['ATTRIBUTE_MAP']);
  });
});
