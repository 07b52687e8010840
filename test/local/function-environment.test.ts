import { describe, expect, it } from '@jest/globals';
import {
  functionEnvironment,
  localSecret,
  messagingOrigins,
  settingsFrom,
} from '../../local/function-environment.ts';

const own = ['http://127.0.0.1:3000', 'http://localhost:3000'];
const originsWith = (environment: Record<string, string>): string | undefined =>
  functionEnvironment({
    endpoints: { dynamodb: '', secretsManager: '', sqs: '', genesys: '' },
    origins: own,
    provider: 'webchat-v1',
    queueUrl: '',
    settings: settingsFrom(environment),
  })['ALLOWED_ORIGINS'];

describe('the origins that may use the local API', () => {
  it('are all of them, so that a page under development may come from any port', () => {
    expect(originsWith({})).toBe('*');
    expect(originsWith({ ALLOWED_ORIGINS: '*' })).toBe('*');
  });

  it('are the ones that were asked for, beside the own page of the stack', () => {
    expect(originsWith({ ALLOWED_ORIGINS: 'http://localhost:5173' })).toBe(
      [...own, 'http://localhost:5173'].join(','),
    );
  });

  it('may write to an agent, too, but not from a page that is not on this machine unless so asked', () => {
    expect(messagingOrigins(own, settingsFrom({}))).toBe('loopback');
    expect(messagingOrigins(own, settingsFrom({ ALLOWED_ORIGINS: '*' }))).toBe('*');
    expect(messagingOrigins(own, settingsFrom({ ALLOWED_ORIGINS: 'http://localhost:5173' }))).toEqual([
      ...own,
      'http://localhost:5173',
    ]);
  });

  it('are named ones in an environment called production, which forbids all', () => {
    expect(originsWith({ ENVIRONMENT: 'production' })).toBe(own.join(','));
  });
});

describe('the secret of the local stack', () => {
  it('has keys of the length that the function demands, no two alike', () => {
    const { sessionSigningKeys, externalIdKey } = JSON.parse(localSecret);
    const keys: string[] = [...sessionSigningKeys, externalIdKey];
    for (const key of keys) expect(Buffer.from(key, 'base64').length).toBeGreaterThanOrEqual(32);
    expect(new Set(keys).size).toBe(2);
  });
});
