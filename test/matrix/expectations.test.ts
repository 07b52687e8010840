import { describe, expect, it } from '@jest/globals';
import { brokenPromises } from './expectations.ts';
import type { Cell, Row } from './observation.ts';

const row: Row = { subject: 'init', dependency: 'guest', fault: 'hang', over: 'plain' };
/** As a request ends whose guest may have been created. */
const good: Cell = {
  answer: '503 genesys_unavailable',
  faults: [],
  durationMs: 4100,
  budgetMs: 8000,
  met: 1,
  calls: 1,
  creations: 1,
  guests: 0,
  left: [],
  codes: ['genesys_failed', 'guest_orphaned', 'request_failed'],
  metrics: { GenesysErrors: 1, GuestsOrphaned: 1, Failed: 1 },
  extraGuests: 0,
  orphans: 1,
  unknownGuests: 0,
  leaks: [],
  crashes: [],
  afterwards: [],
};

describe('A cell', () => {
  it('that keeps every promise is not red', () => {
    expect(brokenPromises(row, 'cold', good)).toEqual([]);
  });

  it.each<[what: string, change: Partial<Cell>, sentence: RegExp]>([
    ['whose fault met nothing', { met: 0 }, /never met/],
    ['that answers what no promise allows', { answer: '500 internal_error' }, /answered 500/],
    ['that answers as if all were well', { answer: '200 matched' }, /answered 200/],
    ['whose problem has no Retry-After', { faults: ['retryable, but no Retry-After'] }, /contract/],
    ['that is late', { durationMs: 9300 }, /9300 ms of a budget of 8000 ms/],
    ['with an extra guest that nobody counted', { extraGuests: 2 }, /2 guests too many/],
    ['that repeats a creation', { creations: 2 }, /created 2 times/],
    ['that storms its dependency', { calls: 40 }, /called 40 times/],
    ['that writes down an address', { leaks: ['e-mail address'] }, /written down: e-mail address/],
    ['with an unhandled rejection', { crashes: ['UNHANDLED REJECTION'] }, /defect/],
    ['that takes it for a defect', { codes: [...good.codes, 'unexpected_error'] }, /unexpected_error/],
    ['that leaves its lease', { left: ['lease'] }, /a lease is left behind/],
    ['that leaves the lease of the login', { left: ['login lease'] }, /OAuth token is left behind/],
    ['that queued nothing', { answer: '202 queued', left: ['queued'] }, /without a message/],
    ['without a log code', { codes: [] }, /no log code says/],
    ['without a metric', { metrics: {} }, /no metric says/],
    [
      'after which nobody is served',
      { afterwards: ['afterwards the same container answers 503'] },
      /afterwards/,
    ],
  ])('%s is red', (_, change, sentence) => {
    expect(brokenPromises(row, 'cold', { ...good, ...change }).join('\n')).toMatch(sentence);
  });
});
