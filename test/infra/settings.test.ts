import { describe, expect, it } from '@jest/globals';
import { environmentNames, settingsOf } from '../../infra/environments.ts';
import { checkSettings, type SettingsInput } from '../../infra/settings.ts';

const valid: SettingsInput = { region: 'eu-central-1', allowedOrigins: ['https://www.example.com'] };
const check = (changes: object) => checkSettings('test', { ...valid, ...changes });

describe('the settings of an environment', () => {
  it('are known for dev, staging and prod', () => {
    expect(environmentNames).toEqual(['dev', 'staging', 'prod']);
  });

  it.each([undefined, 'production', 'toString', ''])(
    'are not known for %p: the known ones are listed',
    (name) => {
      expect(() => settingsOf(name)).toThrow(/one of dev, staging, prod/);
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
    const names = environmentNames.map((name) => settingsOf(name).environment);
    expect(new Set(names).size).toBe(names.length);
  });

  it('send the alarms of production to somebody', () => {
    expect(settingsOf('prod').alarmEmails).not.toEqual([]);
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
    [{ keepDatta: true }, /keepDatta is unknown; known are account, region, keepData/],
    [{ variables: { CRM_TABEL_NAME: 'x' } }, /variables\.CRM_TABEL_NAME must be one of ENVIRONMENT/],
    [{ existingSecretKeyArn: 'arn:aws:kms:eu-central-1:1:key/1' }, /goes with existingSecret only/],
    [
      { replicas: [{ region: 'eu-central-1', keyArn: 'arn:aws:kms:x' }] },
      /replicas must be in other regions than/,
    ],
    [
      { provisionedConcurrency: { min: 5, max: 500, targetUtilisationPercent: 70 } },
      /provisionedConcurrency must keep min ≤ max ≤ reservedConcurrency/,
    ],
    [{ alarmEmails: ['somebody'] }, /alarmEmails\.0 must be an e-mail address/],
  ])('refuse %o and say what is allowed', (changes, message) => {
    expect(() => check(changes)).toThrow(message);
    expect(() => check(changes)).toThrow(/^Environment test: /);
  });

  it('name every fault at once', () => {
    expect(() => check({ region: 'x', memoryMb: 1 })).toThrow(/region .*; memoryMb /);
  });
});
