import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import * as v from 'valibot';
import { schemaFile, settingsJsonSchema } from '../../infra/build/settings-schema.ts';
import { forCommandLine } from '../../infra/command-line.ts';
import { configFolder, environmentNames, settingsOf } from '../../infra/environments.ts';
import { settingMeanings } from '../../infra/setting-meanings.ts';
import { checkSettings, type SettingsInput } from '../../infra/settings.ts';
import { settingsSchema } from '../../infra/settings-schema.ts';

const valid: SettingsInput = { region: 'eu-central-1', allowedOrigins: ['https://www.example.com'] };
const mine = {
  allowedOrigins: ['https://shop.test'],
  pageEmails: ['a@shop.test'],
  ticketEmails: ['b@shop.test'],
};
const check = (changes: object) => checkSettings('test', { ...valid, ...changes });

describe('the settings of an environment', () => {
  it('are known for dev, staging and prod', () => {
    expect(environmentNames()).toEqual(['dev', 'prod', 'staging']);
  });

  it.each([undefined, 'production', 'toString', ''])(
    'are not known for %p: the known ones are listed',
    (name) => {
      expect(() => settingsOf(name)).toThrow(/one of dev, prod, staging/);
    },
  );

  it('differ between development and production where it matters', () => {
    expect(settingsOf('dev')).toMatchObject({
      environment: 'dev',
      keepData: false,
      release: 'all-at-once',
    });
    expect(settingsOf('prod')).toMatchObject({
      environment: 'production',
      keepData: true,
      release: 'canary',
    });
  });

  it('give each environment a name of its own in metrics: several share an account', () => {
    const names = environmentNames().map((name) => settingsOf(name).environment);
    expect(new Set(names).size).toBe(names.length);
  });

  it('send the alarms of production to somebody', () => {
    expect(settingsOf('prod').pageEmails).not.toEqual([]);
    expect(settingsOf('prod').ticketEmails).not.toEqual([]);
  });

  it('are complete with region and origins', () => {
    expect(checkSettings('test', valid)).toMatchObject({
      name: 'test',
      provider: 'webchat-v1',
      memoryMb: 512,
    });
  });

  it.each([
    [{ region: 'Frankfurt' }, /region must be an AWS region such as/],
    [{ allowedOrigins: [] }, /allowedOrigins must name at least one origin/],
    [{ allowedOrigins: ['https://www.example.com/chat'] }, /allowedOrigins\.0 must be .* exact origin/],
    [{ allowedOrigins: ['https://a.example"$x'] }, /allowedOrigins\.0/],
    [{ allowedOrigins: ['*', 'https://a.example'] }, /must not mix/],
    [{ environment: 'production', allowedOrigins: ['*'] }, /allowedOrigins must not be "\*" in production/],
    [{ provider: 'webchat' }, /provider must be one of webchat-v1, web-messaging/],
    [{ provider: 'web-messaging' }, /webMessaging must give deploymentId and externalSourceId/],
    [{ genesysDomain: 'example.com' }, /genesysDomain must be one of mypurecloud\.com/],
    [{ memoryMb: 64 }, /memoryMb must be a whole number from 128 to 10240/],
    [{ memoryMb: '512' }, /memoryMb must be a whole number/],
    [{ initBudgetMs: 28_000 }, /initBudgetMs must be a whole number from 1000 to 25000/],
    [{ logRetentionDays: 10 }, /logRetentionDays must be one of 1, 3, 5, 7/],
    [{ release: 'blue' }, /release must be one of canary, all-at-once/],
    [{ keepDatta: true }, /keepDatta is unknown; known are \$schema, account, region, keepData/],
    [{ variables: { CRM_TABEL_NAME: 'x' } }, /variables\.CRM_TABEL_NAME must be one of GENESYS_BASE_URL/],
    [{ existingSecretKeyArn: 'arn:aws:kms:eu-central-1:1:key/1' }, /goes with existingSecret only/],
    [
      { replicas: [{ region: 'eu-central-1', keyArn: 'arn:aws:kms:eu-central-1:1:key/1' }] },
      /replicas must be in other regions than/,
    ],
    [
      { replicas: [{ region: 'eu-west-1', keyArn: 'arn:aws:kms:eu-central-1:1:key/1' }] },
      /replicas must each have a key of their own region/,
    ],
    [
      { provisionedConcurrency: { min: 5, max: 500, targetUtilisationPercent: 70 } },
      /provisionedConcurrency must keep min ≤ max ≤ reservedConcurrency/,
    ],
    [{ pageEmails: ['somebody'] }, /pageEmails\.0 must be an e-mail address/],
    [{ allowedAddressRanges: ['0.0.0.0/0'] }, /allowedAddressRanges\.0 must be an IPv4 address range/],
    [{ allowedAddressRanges: ['192.0.2.0/99'] }, /allowedAddressRanges\.0 must be an IPv4 address range/],
    [{ allowedAddressRanges: ['2001:db8::/32'] }, /allowedAddressRanges\.0 must be an IPv4 address range/],
    [
      { customDomain: { domainName: 'a.example', certificateArn: 'arn:aws:acm:us-east-1:1:certificate/1' } },
      /certificateArn must be a certificate of the region/,
    ],
    [{ variables: { GUEST_PROVIDER: 'web-messaging' } }, /other variables follow from settings of their own/],
    [{ variables: { ENVIRONMENT: 'x' } }, /variables\.ENVIRONMENT must be one of/],
    [
      { agentView: { genesysOrganizationId: '3c2f8a1e-8f0d-4c0a-9a51-6d2b7c1e0f44' } },
      /agentView goes with provider web-messaging only/,
    ],
    [
      {
        provider: 'web-messaging',
        webMessaging: { deploymentId: 'd', externalSourceId: 'e' },
        genesysDomain: 'mypurecloud.com',
        agentView: { genesysOrganizationId: '3c2f8a1e-8f0d-4c0a-9a51-6d2b7c1e0f44' },
      },
      /agentView needs the stack in the AWS region of the Genesys organisation/,
    ],
    [{ protect: true }, /protect goes with keepData only/],
    [
      { reservedConcurrency: 50, throttle: { ratePerSecond: 50, burst: 100 } },
      /throttle\.burst must be at most/,
    ],
    [{ challengeRequestsPerAddress: 30 }, /challengeRequestsPerAddress must be below requestsPerAddress/],
    [{ runbookUrl: 'docs/operations.md' }, /runbookUrl must be a URL/],
  ])('refuse %o and say what is allowed', (changes, message) => {
    expect(() => check(changes)).toThrow(message);
    expect(() => check(changes)).toThrow(/^Environment test: /);
  });

  it('take limits from what they protect: throttle from the concurrency, addresses from Genesys’ quota', () => {
    expect(check({ reservedConcurrency: 50 }).throttle).toEqual({ ratePerSecond: 100, burst: 50 });
    expect(check({}).throttle).toEqual({ ratePerSecond: 20, burst: 10 });
    expect(check({}).requestsPerAddress).toBe(30);
    expect(check({ genesysQuotaPerMinute: 3000 }).requestsPerAddress).toBe(300);
  });

  it('ask for stated consent and keyed hashes in the example of production', () => {
    const { variables, requireKeyedHashes } = settingsOf('prod');
    expect(variables).toMatchObject({ REQUIRE_EXPLICIT_CONSENT: 'true' });
    expect(requireKeyedHashes).toBe(true);
  });

  it('are offered to editors by a schema that is up to date, each with its meaning', () => {
    expect(JSON.parse(readFileSync(schemaFile, 'utf8'))).toEqual(settingsJsonSchema());
    const known = Object.keys(settingsSchema.entries).filter((name) => name !== '$schema');
    expect(Object.keys(settingMeanings).sort()).toEqual([...known].sort());
    for (const name of environmentNames()) {
      expect(readFileSync(join(configFolder, `${name}.json`), 'utf8')).toContain(
        '"$schema": "./schema.json"',
      );
    }
  });

  it('are checked by an editor as they are by us: an organisation may be written in capitals', () => {
    const id = '3C2F8A1E-8F0D-4C0A-9A51-6D2B7C1E0F44';
    const validate = new Ajv({ validateFormats: false }).compile(
      JSON.parse(readFileSync(schemaFile, 'utf8')),
    );
    const settings = { ...valid, agentView: { genesysOrganizationId: id } };
    expect([validate(settings), v.is(settingsSchema, settings)]).toEqual([true, true]);
    const broken = { ...valid, agentView: { genesysOrganizationId: `${id}0` } };
    expect([validate(broken), v.is(settingsSchema, broken)]).toEqual([false, false]);
  });

  it('are read from another folder, too, without a change of this one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'config-'));
    writeFileSync(join(folder, 'qa.json'), JSON.stringify(valid));
    writeFileSync(join(folder, 'broken.json'), '{');
    expect(settingsOf('qa', folder)).toMatchObject({ name: 'qa', environment: 'qa' });
    expect(() => settingsOf('dev', folder)).toThrow(/Environment dev is not known; .* one of broken, qa/);
    expect(() => settingsOf('broken', folder)).toThrow(/broken\.json cannot be read/);
    expect(() => settingsOf('dev', join(folder, 'nowhere'))).toThrow(/there are none in/);
    rmSync(folder, { recursive: true });
  });

  it('name every fault at once', () => {
    expect(() => check({ region: 'x', memoryMb: 1 })).toThrow(/region .*; memoryMb /);
  });
});

describe('the command line', () => {
  it('closes what is open, and never reopens what the settings close', () => {
    expect(forCommandLine(check({}), { closed: 'true' }).closed).toBe(true);
    expect(forCommandLine(check({ closed: true }), { closed: 'false' }).closed).toBe(true);
    expect(forCommandLine(check({}), { closed: 'false' }).closed).toBe(false);
    expect(() => forCommandLine(check({}), { closed: 'yes' })).toThrow('-c closed must be true or false.');
  });

  it('stops production with example values as soon as there is an account to deploy to', () => {
    const account = '111122223333';
    expect(() => forCommandLine(settingsOf('prod'), { account })).toThrow(/still has the examples https:/);
    expect(forCommandLine(settingsOf('prod'), {}).name).toBe('prod');
    expect(forCommandLine(settingsOf('dev'), { account }).name).toBe('dev');
    expect(forCommandLine({ ...settingsOf('prod'), ...mine }, { account }).name).toBe('prod');
  });

  it('says where the runbook of the deployed commit is', () => {
    expect(forCommandLine(check({}), { runbook: 'https://git.example/x.md' }).runbookUrl).toBe(
      'https://git.example/x.md',
    );
  });
});
