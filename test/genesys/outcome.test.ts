import { describe, expect, it } from '@jest/globals';
import { errorOf, type Failure } from '../../lambda/genesys/outcome.ts';

const refused = (status: number, retryAfterMs?: number): Failure => ({
  kind: 'refused',
  status,
  retryAfterMs,
  problem: { code: '', text: '' },
  correlationId: undefined,
});

describe('A failure at Genesys', () => {
  it.each<[string, Failure, object]>([
    ['a limit without a time', { kind: 'limited', retryAfterMs: undefined }, { retryAfterSeconds: 3 }],
    ['a limit with a time', { kind: 'limited', retryAfterMs: 4001 }, { retryAfterSeconds: 5 }],
    ['suspended calls', { kind: 'unsent', retryAfterMs: 1 }, { retryAfterSeconds: 1 }],
    ['suspended calls that are none any more', { kind: 'unsent', retryAfterMs: 0 }, { retryAfterSeconds: 1 }],
    ['a connection that failed', { kind: 'unsent' }, { retryAfterSeconds: 3 }],
    ['a lost response', { kind: 'lost', budgetEnded: false }, { retryAfterSeconds: 3 }],
    ['500', refused(500), { retryAfterSeconds: 3 }],
    ['503 with a time', refused(503, 30_000), { retryAfterSeconds: 30 }],
  ])('is an outage to the visitor, who comes back: %s', (_, failure, expected) => {
    expect(errorOf(failure)).toMatchObject({ code: 'unavailable', ...expected });
  });

  it.each<[string, Failure]>([
    ['a response that is not what was promised', { kind: 'malformed' }],
    ['499', refused(499)],
    ['302', refused(302)],
  ])('is a refusal for good to the visitor: %s', (_, failure) => {
    expect(errorOf(failure)).toMatchObject({ code: 'rejected', retryAfterSeconds: undefined });
  });

  it('is the end of their time to the visitor, where that was so', () => {
    const lost: Failure = { kind: 'lost', budgetEnded: true };
    expect(errorOf(lost)).toMatchObject({ code: 'deadline_exceeded', retryAfterSeconds: 1 });
  });
});
