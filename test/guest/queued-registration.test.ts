import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  formatQueuedRegistration,
  PoisonMessageError,
  parseQueuedRegistration,
} from '../../lambda/guest/queued-registration.ts';

const hash = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 });
const registration = fc.record({
  sessionHash: hash,
  olderHashes: fc.array(hash, { maxLength: 1 }),
  provider: fc.constantFrom('webchat-v1', 'web-messaging'),
  consent: fc.record({
    given: fc.boolean(),
    type: fc.constantFrom('explicit' as const, 'implicit' as const),
    stated: fc.boolean(),
  }),
  queuedAtMs: fc.nat(),
});
const good = {
  sessionHash: 'a'.repeat(64),
  olderHashes: [`k1:${'b'.repeat(64)}`],
  provider: 'webchat-v1',
  consent: { given: true, type: 'explicit', stated: true },
  queuedAtMs: 1_778_839_200_000,
} as const;
const faultOf = (body: string): unknown => {
  try {
    return parseQueuedRegistration(body);
  } catch (error) {
    return error instanceof PoisonMessageError ? error.message : error;
  }
};

describe('The message of a queued registration', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(registration, (one) => {
        expect(parseQueuedRegistration(formatQueuedRegistration(one))).toEqual(one);
      }),
    );
  });

  it('carries nothing beside the registration', () => {
    const more = { ...good, email: 'jane@example.com', consent: { ...good.consent, note: 'personal' } };
    expect(JSON.parse(formatQueuedRegistration(more))).toEqual(good);
  });

  it('of a version that did not say whether consent was stated is one of a stated consent', () => {
    const { stated: _, ...consent } = good.consent;
    expect(parseQueuedRegistration(JSON.stringify({ ...good, consent }))).toEqual(good);
  });

  it.each([
    ['sessionHash', { sessionHash: 'visitor-1' }],
    ['olderHashes.0', { olderHashes: ['visitor-1'] }],
    ['olderHashes', { olderHashes: ['a'.repeat(64), 'b'.repeat(64)] }],
    ['provider', { provider: '' }],
    ['consent.type', { consent: { given: true, type: 'assumed' } }],
    ['consent.given', { consent: { given: 'yes', type: 'explicit' } }],
    ['queuedAtMs', { queuedAtMs: 1.5 }],
    ['queuedAtMs', { queuedAtMs: -1 }],
    ['provider, sessionHash', { sessionHash: 7, provider: 7 }],
  ])('is poison where %s breaks its rule, and the fault names no value', (fields, change) => {
    const broken = { ...good, ...change };
    expect(faultOf(JSON.stringify(broken))).toBe(`The message breaks its schema: ${fields}.`);
    expect(() => formatQueuedRegistration(broken as never)).toThrow();
  });

  it.each([
    ['{', 'The message is not JSON.'],
    ['null', 'The message breaks its schema: message.'],
  ])('is poison where it is %j', (body, fault) => {
    expect(faultOf(body)).toBe(fault);
  });
});
